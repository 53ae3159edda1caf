import pLimit from "p-limit";
import { ApiClient, type DomainResource } from "../api-client.ts";
import type { Target } from "../target.ts";
import { duration } from "../terminal/durations.ts";
import { Failure } from "../terminal/failure.ts";
import { printJson, progressStream, table } from "../terminal/output.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { withDeadLetters } from "./held-dead-letters.ts";

/** Domains that are asked for at once. */
const CONCURRENCY = 8;

interface Options {
  readonly json?: boolean;
}

interface RedriveOptions extends Options {
  readonly all?: boolean;
}

export async function listDeadLetters(target: Target, options: Options): Promise<void> {
  const letters = await withDeadLetters(target, async ({ all }) => all);
  const shown = await withStates(target, letters);
  if (options.json) printJson({ deadLetters: shown });
  else if (shown.length === 0) process.stdout.write("There are no dead letters.\n");
  else {
    const rows = shown.map(({ id, domain, attempts, ageSeconds, now }) => [
      id,
      domain ?? "",
      attempts === null ? "" : String(attempts),
      duration(ageSeconds * 1_000),
      now ?? "",
    ]);
    process.stdout.write(`${table([["ID", "DOMAIN", "ATTEMPTS", "AGE", "THE DOMAIN NOW"], ...rows])}\n`);
  }
}

export async function showDeadLetter(target: Target, id: string, options: Options): Promise<void> {
  const letter = await withDeadLetters(target, async (held) => held.find(id));
  const [shown] = await withStates(target, [letter]);
  const { text, attributes } = letter;
  if (options.json) printJson({ ...shown, text, attributes });
  else {
    const rows = Object.entries({ ...shown, text, ...attributes }).map(([name, value]) => [
      name,
      String(value ?? ""),
    ]);
    process.stdout.write(`${table(rows)}\n`);
  }
}

export async function redriveDeadLetters(
  target: Target,
  id: string | undefined,
  options: RedriveOptions,
): Promise<void> {
  if ((id === undefined) === (options.all !== true)) {
    throw new Failure("Which one? npm run deadletters -- redrive ID, or --all.");
  }
  const redriven: string[] = [];
  await withDeadLetters(target, async (held) => {
    for (const letter of id === undefined ? held.all : [held.find(id)]) {
      await held.redrive(letter);
      redriven.push(letter.id);
      progressStream(options.json).write(`${letter.id} is on its way again: ${summary(letter)}\n`);
    }
  });
  if (options.json) printJson({ redriven });
  else if (redriven.length === 0) process.stdout.write("There are no dead letters.\n");
}

export async function dropDeadLetter(target: Target, id: string, options: Options): Promise<void> {
  const dropped = await withDeadLetters(target, async (held) => {
    const letter = held.find(id);
    progressStream(options.json).write(`Dropping ${letter.id}: ${summary(letter)}\n`);
    await held.drop(letter);
    return letter;
  });
  if (options.json) printJson({ dropped: dropped.id, text: dropped.text, attributes: dropped.attributes });
}

function summary({ text, attributes }: DeadLetter): string {
  return `${text} of ${attributes.customer ?? "nobody"}`;
}

/** What became of the domain, which is where its last error is told. */
async function withStates(target: Target, letters: readonly DeadLetter[]) {
  const api = new ApiClient(target);
  const turn = pLimit(CONCURRENCY);
  const domains = [...new Set(letters.flatMap(({ domain }) => domain ?? []))];
  const states = new Map(
    await Promise.all(
      domains.map((domain) => turn(async () => [domain, await stateOf(api, domain)] as const)),
    ),
  );
  return letters.map(({ id, stage, domain, attempts, since }) => ({
    id,
    stage,
    domain: domain ?? null,
    attempts: attempts ?? null,
    since,
    ageSeconds: Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1_000)),
    now: (domain === undefined ? undefined : states.get(domain)) ?? null,
  }));
}

/** A message may be here because of what breaks the API too, or name what the API does not take for a name. */
async function stateOf(api: ApiClient, domain: string): Promise<string> {
  const answer = await api.send("GET", `/v1/domains/${encodeURIComponent(domain)}`).catch(() => undefined);
  if (!answer) return "unknown: the API does not answer";
  const { status, body } = answer;
  if (status === 404) return "not registered";
  if (status >= 400) return `unknown: the API answers ${status}`;
  const { state, reason } = body as DomainResource;
  return reason ? `${state}: ${reason}` : state;
}
