import * as z from "zod";
import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { CaStillWorking, CaUnavailable } from "../../certificates/acme/certificate-authority.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { NotThereYet } from "./just-given.ts";
import type { OrderWork } from "./order-journal.ts";
import { OrderWaits } from "./order-waits.ts";
import type { IssuerPorts } from "./ports.ts";
import { limitEndsAt, OrderFailed } from "./verdict.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** For so long redeliveries, which come after seconds, are good enough. */
const SHORT_MS = 2 * MINUTE_MS;
/** A redelivery may come sooner than this. */
const SOON_MS = 5_000;
/** How long an order then waits: as long as the trouble has lasted, within these. */
const SHORTEST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 10 * MINUTE_MS;
/** Trouble, or a limit, that lasts longer is worth another CA. */
const LONG_MS = 10 * MINUTE_MS;
/** Trouble that is met again only after so long is new. */
const APART_MS = 4 * LONGEST_WAIT_MS;
const PATIENCE_MS = DAY_MS;
/** A renewal is begun long before its certificate ends, and another order would fare no better. */
const PATIENCE_WHILE_SERVED_MS = 30 * DAY_MS;
/** What is finalised may have become a certificate, of which the CA allows few. */
const PATIENCE_FOR_CERTIFICATE_MS = 7 * DAY_MS;

const troubleSchema = z.object({ since: z.iso.datetime(), last: z.iso.datetime() });

/** What follows from an error at a CA. */
export interface Consequence {
  /** What the delivery ends with, unless another CA is asked. */
  readonly error: unknown;
  /** Whether another CA may do what this one does not. */
  readonly mayHelpElsewhere: boolean;
}

/**
 * What passes by itself costs an order nothing but time, and wakes nobody: it is delivered again for
 * minutes, and then waits, or goes to another CA. Limits are waited for where they end within minutes.
 *
 * @param mayBeIssued whether giving up could cost a certificate
 */
export async function consequenceOf(
  error: unknown,
  ca: string,
  ports: IssuerPorts,
  work: OrderWork,
  mayBeIssued: boolean,
): Promise<Consequence> {
  if (isPassing(error)) return passing(error, ca, ports, work, mayBeIssued);
  if (!(error instanceof AcmeProblem) || !error.isLimit) {
    return { error, mayHelpElsewhere: !mayBeIssued && isRefusal(error) };
  }
  const until = limitEndsAt(error, ports.now());
  const isLong = until.getTime() - ports.now().getTime() > LONG_MS;
  return isLong && !mayBeIssued
    ? { error, mayHelpElsewhere: true }
    : { error: waits(error, until), mayHelpElsewhere: false };
}

async function passing(
  error: Error,
  ca: string,
  ports: IssuerPorts,
  { record, journal }: OrderWork,
  mayBeIssued: boolean,
): Promise<Consequence> {
  const now = ports.now();
  const name = `orders/${journal.domain}/${journal.orderNumber}/trouble-${ca}.json`;
  const lastedMs = now.getTime() - (await troubleSince(ports, name, now)).getTime();
  const asked = error instanceof AcmeProblem ? error.retryAfter : undefined;
  const askedMs = asked ? asked.getTime() - now.getTime() : 0;
  const mayHelpElsewhere = !mayBeIssued && Math.max(askedMs, lastedMs) >= LONG_MS;
  if (lastedMs >= patienceMs(record, mayBeIssued)) {
    const reason = "The certificate authority has been out of order for too long.";
    return { error: new OrderFailed(reason, { cause: error }), mayHelpElsewhere };
  }
  if (asked && askedMs > SOON_MS) return { error: waits(error, asked), mayHelpElsewhere };
  if (lastedMs < SHORT_MS) return { error, mayHelpElsewhere };
  const waitMs = Math.min(Math.max(lastedMs, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  return { error: waits(error, new Date(now.getTime() + waitMs)), mayHelpElsewhere };
}

/** Since when a CA has been in trouble with an order: kept beside its journal, and removed with it. */
async function troubleSince({ registryObjects }: IssuerPorts, name: string, now: Date): Promise<Date> {
  const found = await registryObjects.read(name);
  const known = found && troubleSchema.parse(JSON.parse(found.bytes.toString("utf8")));
  const isSame = known && now.getTime() - Date.parse(known.last) < APART_MS;
  const since = isSame ? known.since : now.toISOString();
  const content = JSON.stringify({ since, last: now.toISOString() });
  // Whoever is faster says the same.
  if (found) await registryObjects.replace(name, content, found.generation);
  else await registryObjects.create(name, content);
  return new Date(since);
}

function waits(error: Error, until: Date): OrderWaits {
  const shown = `The certificate authority takes no request before ${until.toISOString()}.`;
  return new OrderWaits(`The order waits for the CA: ${error.message}`, until, shown);
}

function isPassing(error: unknown): error is Error {
  if (error instanceof AcmeProblem) return error.isTransient;
  return error instanceof CaUnavailable || error instanceof CaStillWorking || error instanceof NotThereYet;
}

/** Of the order, at this CA: not what any CA would find of its domain. */
function isRefusal(error: unknown): boolean {
  const problem = error instanceof OrderFailed && error.cause instanceof AcmeProblem ? error.cause : error;
  if (problem instanceof AcmeProblem) return !problem.isUnconfirmed;
  return problem instanceof OrderFailed;
}

function patienceMs(record: DomainRecord, mayBeIssued: boolean): number {
  if (record.lifecycle === "renewing") return PATIENCE_WHILE_SERVED_MS;
  return mayBeIssued ? PATIENCE_FOR_CERTIFICATE_MS : PATIENCE_MS;
}
