import { isDeepStrictEqual } from "node:util";

const CASE_DEADLINE_MS = 60_000;

/** One thing that a service does, seen through a client as the platform uses it. */
export interface Case<Door> {
  readonly title: string;
  /** What the local cloud shows, and so what reality is to show. */
  readonly expected: unknown;
  /** JSON without what differs from run to run. It takes away what it makes. */
  observe(door: Door): Promise<unknown>;
}

export interface Suite<Door> {
  readonly service: string;
  readonly cases: readonly Case<Door>[];
}

/** What came of a case: a line of the ledger. */
export interface Observed {
  readonly service: string;
  readonly title: string;
  readonly outcome: "same" | "differs" | "failed";
  readonly expected: unknown;
  /** What was seen; of one that failed, the error. */
  readonly got: unknown;
}

/** One case after the other: a service's limits on the pace of writes are not what is looked at. */
export async function observe<Door>(
  { service, cases }: Suite<Door>,
  door: Door,
): Promise<readonly Observed[]> {
  const observed: Observed[] = [];
  for (const { title, expected, observe: look } of cases) {
    try {
      const got = JSON.parse(JSON.stringify(await inTime(look(door)))) as unknown;
      const outcome = isDeepStrictEqual(got, expected) ? "same" : "differs";
      observed.push({ service, title, outcome, expected, got });
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      observed.push({ service, title, outcome: "failed", expected, got });
    }
  }
  return observed;
}

/** What a call is refused with: the code of the client's error. "accepted" where it is not. */
export async function refusal(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return "accepted";
  } catch (error) {
    const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
    return code ?? status ?? (error as Error).message;
  }
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`It took more than ${CASE_DEADLINE_MS / 1_000} s.`)),
      CASE_DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
