import { performance } from "node:perf_hooks";
import type { DomainResource } from "../../../../operator/api-client.ts";
import { until } from "../../../../operator/domains.ts";
import { Failure } from "../../../../operator/terminal/failure.ts";
import { type Rehearsal, rehearsalOf } from "../../../../review/rehearsal/rehearsal.ts";
import { nameOf, typeOf } from "../../../provider/requests.ts";
import type { LocalApi } from "../../local-target.ts";
import { Clientele } from "./clientele.ts";
import { CountedApi } from "./counted-api.ts";
import { Errands } from "./errands.ts";
import { observe, settled } from "./observed-cloud.ts";
import { RehearsalCloud } from "./rehearsal-cloud.ts";
import { rest } from "./tallies.ts";
import { Traffic } from "./traffic.ts";

const SERVED = ["served-1.example.test", "served-2.example.test", "served-3.example.test"];
const SERVED_SECONDS = 120;
/** Of each kind before the update begins: by then the base shows that it serves and works. */
const LEAST_BEFORE = 20;
/** Long enough for what an update leaves behind to end: the instances of old revisions, say. */
const AFTERWARDS_MS = 3_000;

/** A program, and what it is called. */
export interface RehearsedProgram {
  readonly name: string;
  /** Of its Pulumi.yaml. */
  readonly folder: string;
}

export interface RehearsalOptions {
  readonly base: RehearsedProgram;
  readonly head: RehearsedProgram;
  /** The rehearsal's own is a folder in it. */
  readonly stateDir: string;
  /** After the update, for what was begun. */
  readonly settleSeconds: number;
  /** Whether its state is to stay. */
  readonly keep: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes the base in a local cloud of its own, has visitors, customers and an operator use it, makes the head in its
 * place meanwhile, and tells what they noticed of that.
 *
 * @throws {Failure} when the base can't be made, or does not work on this machine by itself
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { base, stateDir, keep, say, signal } = options;
  const cloud = await RehearsalCloud.make(stateDir, say);
  try {
    say(`Making the base, ${base.name}, in a local cloud of its own …`);
    const { errors } = await cloud.up(base.folder, signal);
    if (errors.length > 0) {
      throw new Failure(`The base, ${base.name}, can't be made in this local cloud: ${errors.join(" ")}`);
    }
    const api = await cloud.api();
    await serve(api, signal);
    return await underTraffic(cloud, api, options);
  } finally {
    await cloud.end(keep);
    if (keep) say(`Its state is kept in ${cloud.stateDir}, until the next rehearsal.`);
  }
}

async function underTraffic(
  cloud: RehearsalCloud,
  { target, cloud: status }: LocalApi,
  { base, head, settleSeconds, say, signal }: RehearsalOptions,
): Promise<Rehearsal> {
  const late = new AbortController();
  const giveUp = () => late.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  const api = new CountedApi(target, late.signal);
  const errands = new Errands(api, late.signal);
  const traffic = new Traffic(status, api, SERVED);
  const clientele = new Clientele(errands, SERVED);
  try {
    await until(SERVED_SECONDS, "the base to serve and to work through messages", async () => {
      signal.throwIfAborted();
      return (traffic.fewest >= LEAST_BEFORE && errands.areSeen) || undefined;
    });
    say(`Making the head, ${head.name}, in its place, with requests, messages and renewals under way …`);
    clientele.renew();
    const startedAt = new Date();
    const started = performance.now();
    const { changes, errors } = await cloud.up(head.folder, signal, () => clientele.rush());
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    await rest(AFTERWARDS_MS, signal);
    say("Waiting for what was begun to come to its end …");
    const patience = setTimeout(giveUp, settleSeconds * 1000);
    await clientele.end();
    const keepers = deadLetterKeepers([target, (await cloud.api()).target]);
    const waiting = await settled(status, keepers, late.signal);
    clearTimeout(patience);
    const requests = await traffic.end();
    signal.throwIfAborted();
    return rehearsalOf({
      base: base.name,
      head: head.name,
      update: {
        startedAt: startedAt.toISOString(),
        seconds,
        changes: changes
          .map(({ op, urn }) => ({ op, type: typeOf({ urn }), name: nameOf({ urn }) }))
          .filter(({ type }) => !/^(platform|pulumi):/.test(type)),
        errors,
      },
      requests,
      ...errands.end(),
      ...(await observe(cloud.stateDir, startedAt, waiting)),
    });
  } finally {
    signal.removeEventListener("abort", giveUp);
    giveUp();
    await Promise.all([clientele.end(), traffic.end()]);
  }
}

/** Domains whose pages are there, with nothing left to do. @throws {Failure} */
async function serve(api: LocalApi, signal: AbortSignal): Promise<void> {
  for (const domain of SERVED) await api.call("POST", "/v1/domains", { domain });
  for (const domain of SERVED) {
    await until(SERVED_SECONDS, `the base to serve ${domain}`, async () => {
      signal.throwIfAborted();
      const { state, reason, phases } = (await api.call("GET", `/v1/domains/${domain}`))
        .body as DomainResource;
      if (state === "failed") throw new Failure(`The base does not serve ${domain}: ${reason}`);
      return phases.find(({ phase }) => phase === "cleaned");
    });
  }
}

/** Where dead letters lie until somebody takes them. */
function deadLetterKeepers(targets: readonly LocalApi["target"][]): ReadonlySet<string> {
  return new Set(
    targets.flatMap(({ stages }) => Object.values(stages).map(({ deadLetters }) => deadLetters)),
  );
}
