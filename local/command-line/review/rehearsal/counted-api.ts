import { type Answer, ApiClient } from "../../../../operator/api-client.ts";
import type { Target } from "../../../../operator/target.ts";
import { Failure } from "../../../../operator/terminal/failure.ts";
import { RequestTally, rest } from "./tallies.ts";

const RETRY_MS = 250;

/** A client as customers have one: what the API drops it counts, and sends again until it is too late. */
export class CountedApi extends ApiClient {
  readonly tally = new RequestTally("API calls");
  readonly #late: AbortSignal;

  constructor(target: Target, late: AbortSignal) {
    super(target);
    this.#late = late;
  }

  override async send(method: string, path: string, body?: object): Promise<Answer> {
    while (!this.#late.aborted) {
      const answer = await this.tally.count(
        `${method} ${path}`,
        () => super.send(method, path, body),
        faultIn,
      );
      if (answer) return answer;
      await rest(RETRY_MS, this.#late);
    }
    throw new Failure(`${method} ${path} got no answer of the API's in time.`);
  }
}

/** What other parts of the platform answer in its place is of no use, whatever its status. */
function faultIn({ status, body }: Answer): string | undefined {
  const { domain, code, detail } = (body ?? {}) as { domain?: unknown; code?: unknown; detail?: unknown };
  const told = typeof detail === "string" ? `: ${detail}` : "";
  if (status < 400) return typeof domain === "string" ? undefined : `${status}, and no answer of the API's`;
  const isRefusal = (status === 404 || status === 409) && typeof code === "string";
  return isRefusal ? undefined : `${status}${told}`;
}
