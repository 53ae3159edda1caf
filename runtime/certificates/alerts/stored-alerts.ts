import type { ObjectStore } from "../../google/object-store.ts";
import type { Alerts, OpenProblem, Problem } from "./alerts.ts";
import {
  opened,
  openProblem,
  problemName,
  problemOf,
  reopened,
  type StoredProblem,
  subjectPrefix,
  written,
} from "./stored-problem.ts";

/** Each round loses to a writer who got further, so more than a few mean trouble elsewhere. */
const MAX_ROUNDS = 6;
/** More than there are problems. */
const PAGE_SIZE = 100;

/** A problem kept changing under every attempt to change it. */
export class AlertContended extends Error {
  readonly code = "ALERT_CONTENDED";

  constructor(name: string) {
    super(`${name} changed during ${MAX_ROUNDS} attempts to write it.`);
    this.name = "AlertContended";
  }
}

/** Problems as objects of a bucket, in which `alert-notifier` finds what is to be told. */
export function openAlerts(objects: ObjectStore, now: () => Date): Alerts {
  return new StoredAlerts(objects, now);
}

class StoredAlerts implements Alerts {
  readonly #objects: ObjectStore;
  readonly #now: () => Date;

  constructor(objects: ObjectStore, now: () => Date) {
    this.#objects = objects;
    this.#now = now;
  }

  async raise(subject: string, problem: Problem, what: string): Promise<"raised" | "open"> {
    const outcome = await this.#change(subject, problem, (stored) => {
      if (!stored) return opened(subject, problem, what, this.#now());
      return stored.clearedAt === undefined ? undefined : reopened(stored, what, this.#now());
    });
    return outcome === "changed" ? "raised" : "open";
  }

  async clear(subject: string, problem: Problem): Promise<"cleared" | "absent"> {
    const outcome = await this.#change(subject, problem, (stored) =>
      stored && stored.clearedAt === undefined
        ? { ...stored, clearedAt: this.#now().toISOString() }
        : undefined,
    );
    return outcome === "changed" ? "cleared" : "absent";
  }

  async open(subject: string): Promise<readonly OpenProblem[]> {
    const { objects } = await this.#objects.list({ prefix: subjectPrefix(subject), pageSize: PAGE_SIZE });
    return objects
      .map(({ name, metadata }) => problemOf(name, metadata))
      .filter(({ clearedAt }) => clearedAt === undefined)
      .map(openProblem);
  }

  /** @param next `undefined` where nothing is to be changed. */
  async #change(
    subject: string,
    problem: Problem,
    next: (stored: StoredProblem | undefined) => StoredProblem | undefined,
  ): Promise<"changed" | "unchanged"> {
    const name = problemName(subject, problem);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const object = await this.#objects.read(name);
      const wanted = next(object && problemOf(name, JSON.parse(object.bytes.toString("utf8"))));
      if (!wanted) return "unchanged";
      const [bytes, options] = written(wanted);
      const outcome = object
        ? await this.#objects.replace(name, bytes, object.generation, options)
        : await this.#objects.create(name, bytes, options);
      if (outcome === "created" || outcome === "replaced") return "changed";
    }
    throw new AlertContended(name);
  }
}
