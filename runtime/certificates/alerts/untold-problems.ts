import pLimit from "p-limit";
import type { ObjectStore } from "../../google/object-store.ts";
import { PROBLEMS_PREFIX, problemOf, type StoredProblem, written } from "./stored-problem.ts";

const PAGE_SIZE = 1_000;
const WRITES_AT_ONCE = 32;
const MAX_ROUNDS = 6;

/** What somebody is told of a problem. */
export type Told = "opened" | "over";

/** A problem as it was listed. */
export interface ListedProblem {
  readonly name: string;
  readonly generation: string;
  readonly stored: StoredProblem;
}

/** What a channel has just been told of a problem. */
export interface Mark {
  readonly channel: string;
  readonly told: Told;
}

/** What a channel has not heard yet: first that a problem opened, and of its end only after that. */
export function untoldOf(stored: StoredProblem, channel: string): Told | undefined {
  if (!stored.toldOpened.includes(channel)) return "opened";
  return stored.clearedAt !== undefined && !stored.toldOver.includes(channel) ? "over" : undefined;
}

/** The problems of all subjects that some channel has not heard all of. */
export class UntoldProblems {
  readonly #objects: ObjectStore;
  readonly #channels: readonly string[];

  /** @param channels all that there are: a problem is forgotten once they all know of its end. */
  constructor(objects: ObjectStore, channels: readonly string[]) {
    this.#objects = objects;
    this.#channels = channels;
  }

  /** `unreadable` are the names of objects that are no problem which this version knows. */
  async list(): Promise<{
    readonly problems: readonly ListedProblem[];
    readonly unreadable: readonly string[];
  }> {
    const problems: ListedProblem[] = [];
    const unreadable: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await this.#objects.list({
        prefix: PROBLEMS_PREFIX,
        pageSize: PAGE_SIZE,
        ...(pageToken !== undefined && { pageToken }),
      });
      for (const { name, generation, metadata } of page.objects) {
        const stored = readable(name, metadata);
        if (!stored) unreadable.push(name);
        else if (this.isOver(stored) || this.#channels.some((channel) => untoldOf(stored, channel)))
          problems.push({ name, generation, stored });
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return { problems, unreadable };
  }

  /** Writes down what was told. A crash before it means that the same is told again. */
  async settle(marks: ReadonlyMap<ListedProblem, readonly Mark[]>): Promise<void> {
    const limit = pLimit(WRITES_AT_ONCE);
    await Promise.all([...marks].map(([listed, made]) => limit(() => this.#settle(listed, made))));
  }

  /** Whether nobody is left who has to hear of it. */
  isOver({ clearedAt, toldOver }: StoredProblem): boolean {
    return clearedAt !== undefined && this.#channels.every((channel) => toldOver.includes(channel));
  }

  async #settle({ name, generation, stored }: ListedProblem, marks: readonly Mark[]): Promise<void> {
    let found: Omit<ListedProblem, "name"> = { generation, stored };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if ((await this.#write(name, found, marks)) !== "changed") return;
      const object = await this.#objects.read(name);
      if (!object) return;
      found = {
        generation: object.generation,
        stored: problemOf(name, JSON.parse(object.bytes.toString("utf8"))),
      };
    }
    // It is told again in the next round: once too often, rather than never.
  }

  #write(name: string, found: Omit<ListedProblem, "name">, marks: readonly Mark[]) {
    const next = marks.reduce(withMark, found.stored);
    if (this.isOver(next)) return this.#objects.remove(name, found.generation);
    const [bytes, options] = written(next);
    return this.#objects.replace(name, bytes, found.generation, options);
  }
}

/** Who was told of the end of a problem that has come back meanwhile must hear of its beginning again. */
function withMark(stored: StoredProblem, { channel, told }: Mark): StoredProblem {
  const without = (channels: readonly string[]) => channels.filter((other) => other !== channel);
  if (told === "opened") return { ...stored, toldOpened: [...without(stored.toldOpened), channel] };
  if (stored.clearedAt === undefined) return { ...stored, toldOpened: without(stored.toldOpened) };
  return { ...stored, toldOver: [...without(stored.toldOver), channel] };
}

function readable(name: string, metadata: Readonly<Record<string, string>>): StoredProblem | undefined {
  try {
    return problemOf(name, metadata);
  } catch {
    return undefined;
  }
}
