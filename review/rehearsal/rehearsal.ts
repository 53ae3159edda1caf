import { redactedSentence } from "../changes/redaction.ts";

/** Something that went wrong meanwhile. */
export interface Failed {
  /** RFC 3339. */
  readonly at: string;
  /** A request, `GET https://…`, or a domain. */
  readonly what: string;
  readonly why: string;
}

/** Requests of one kind, at a steady rate from before the update until after it. */
export interface RehearsedRequests {
  readonly kind: string;
  readonly sent: number;
  readonly dropped: number;
  /** The longest time in which none of them was served. */
  readonly longestGapMs: number;
  /** The first of those that were dropped. */
  readonly failures: readonly Failed[];
}

/** Messages of one kind, each queued by a call whose end can be seen. */
export interface RehearsedMessages {
  readonly kind: string;
  readonly sent: number;
  /** What they ask for was not done in time, or was done wrongly. */
  readonly lost: number;
  readonly failures: readonly Failed[];
}

export interface RehearsedRenewals {
  readonly started: number;
  readonly failed: number;
  readonly failures: readonly Failed[];
}

/** A subscription with which not all is well at the end. */
export interface TroubledSubscription {
  readonly name: string;
  /** Went with it when it was deleted or replaced. */
  readonly lost: number;
  readonly deadLettered: number;
  /** Neither done nor given up. */
  readonly waiting: number;
}

/** What one part of the platform logged as errors since the update began. */
export interface LoggedErrors {
  readonly source: string;
  readonly count: number;
  readonly first: string;
}

/** What an update of a platform in use did to those who used it. */
export interface Rehearsal {
  /** Whether nothing was dropped or lost, nothing failed, and the update came to its end. */
  readonly isClean: boolean;
  readonly base: string;
  readonly head: string;
  readonly update: {
    /** RFC 3339. */
    readonly startedAt: string;
    readonly seconds: number;
    /** Resources that did not stay the same. */
    readonly changes: readonly { readonly op: string; readonly type: string; readonly name: string }[];
    /** Why it did not come to its end. */
    readonly errors: readonly string[];
  };
  readonly requests: readonly RehearsedRequests[];
  readonly messages: readonly RehearsedMessages[];
  readonly renewals: RehearsedRenewals;
  readonly subscriptions: readonly TroubledSubscription[];
  readonly logged: readonly LoggedErrors[];
}

/** A rehearsal's outcome, from what was seen in it, without secrets. */
export function rehearsalOf(seen: Omit<Rehearsal, "isClean">): Rehearsal {
  const { update, requests, messages, renewals, subscriptions, logged } = seen;
  const isClean =
    update.errors.length === 0 &&
    requests.every(({ dropped }) => dropped === 0) &&
    messages.every(({ lost }) => lost === 0) &&
    renewals.failed === 0 &&
    subscriptions.length === 0;
  return {
    ...seen,
    isClean,
    update: { ...update, errors: update.errors.map(redactedSentence) },
    requests: requests.map(withoutSecrets),
    messages: messages.map(withoutSecrets),
    renewals: withoutSecrets(renewals),
    logged: logged.map((each) => ({ ...each, first: redactedSentence(each.first) })),
  };
}

function withoutSecrets<Seen extends { readonly failures: readonly Failed[] }>(seen: Seen): Seen {
  const failures = seen.failures.map(({ at, what, why }) => ({
    at,
    what: redactedSentence(what),
    why: redactedSentence(why),
  }));
  return { ...seen, failures };
}
