import type { Failed, Rehearsal } from "./rehearsal.ts";

/** More examples of one kind tell nothing new. */
const MOST_SHOWN = 3;
const MOST_CHANGES = 8;

/** A rehearsal in words, for whatever shows it. */
export interface Account {
  readonly title: string;
  /** One sentence. */
  readonly verdict: string;
  /** With its head. */
  readonly table: readonly (readonly string[])[];
  /** What went wrong, the worst first, each with examples. */
  readonly troubles: readonly { readonly what: string; readonly examples: readonly string[] }[];
}

export function accountOf(rehearsal: Rehearsal): Account {
  const { base, head, update, requests, messages, renewals } = rehearsal;
  return {
    title: `Upgrade rehearsal: ${base} → ${head}`,
    verdict: `${outcomeOf(rehearsal)} The update took ${update.seconds} s and ${changesOf(rehearsal)}.`,
    table: [
      ["meanwhile", "begun", "failed", "longest gap"],
      ...requests.map(({ kind, sent, dropped, longestGapMs }) => [
        kind,
        String(sent),
        `${dropped} dropped`,
        `${(longestGapMs / 1000).toFixed(1)} s`,
      ]),
      ...messages.map(({ kind, sent, lost }) => [kind, String(sent), `${lost} lost`, ""]),
      ["renewals", String(renewals.started), `${renewals.failed} failed`, ""],
    ],
    troubles: troublesOf(rehearsal),
  };
}

function outcomeOf({ isClean, update, requests, messages, renewals, subscriptions }: Rehearsal): string {
  if (isClean) return "No request was dropped, no message was lost and no renewal failed.";
  const counts = [
    [sum(requests.map(({ dropped }) => dropped)), "requests dropped"],
    [sum(messages.map(({ lost }) => lost)), "messages lost"],
    [renewals.failed, "renewals failed"],
    [sum(subscriptions.map(({ lost }) => lost)), "messages gone with their subscription"],
    [sum(subscriptions.map(({ deadLettered }) => deadLettered)), "dead letters"],
    [sum(subscriptions.map(({ waiting }) => waiting)), "messages still waiting"],
  ] as const;
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  const failed = update.errors.length > 0 ? ["the update failed"] : [];
  return `${capital([...failed, ...told].join(", "))}.`;
}

function changesOf({ update: { changes } }: Rehearsal): string {
  const names = [...new Set(changes.map(({ name }) => name))];
  if (names.length === 0) return "changed nothing";
  const more = names.length > MOST_CHANGES ? ` and ${names.length - MOST_CHANGES} more` : "";
  return `changed ${names.slice(0, MOST_CHANGES).join(", ")}${more}`;
}

function troublesOf({
  isClean,
  update,
  requests,
  messages,
  renewals,
  subscriptions,
  logged,
}: Rehearsal): Account["troubles"] {
  if (isClean) return [];
  const since = Date.parse(update.startedAt);
  const withExamples = (count: number, what: string, failures: readonly Failed[]) =>
    count === 0
      ? []
      : [
          {
            what: capital(`${what}: ${count}`),
            examples: failures.slice(0, MOST_SHOWN).map((failed) => exampleOf(failed, since)),
          },
        ];
  return [
    ...update.errors.map((error) => ({ what: `The update failed: ${error}`, examples: [] })),
    ...requests.flatMap(({ kind, dropped, failures }) => withExamples(dropped, `${kind} dropped`, failures)),
    ...messages.flatMap(({ kind, lost, failures }) => withExamples(lost, `${kind} lost`, failures)),
    ...withExamples(renewals.failed, "renewals failed", renewals.failures),
    ...subscriptions.map(({ name, lost, deadLettered, waiting }) => ({
      what: `Subscription ${name}: ${lost} messages gone with it, ${deadLettered} dead letters, ${waiting} still waiting`,
      examples: [],
    })),
    ...logged.map(({ source, count, first }) => ({
      what: `${source} logged ${count} errors, first: ${first}`,
      examples: [],
    })),
  ];
}

/** Seconds since the update began: what happened before is the base's own. */
function exampleOf({ at, what, why }: Failed, since: number): string {
  const seconds = (Date.parse(at) - since) / 1000;
  return `${seconds < 0 ? "" : "+"}${seconds.toFixed(1)} s  ${what}: ${why}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
