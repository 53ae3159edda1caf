import { randomBytes } from "node:crypto";
import { probeEdge } from "../../../../operator/edge-probe.ts";
import { exchange } from "../../../../operator/exchange.ts";
import type { RehearsedRequests } from "../../../../review/rehearsal/rehearsal.ts";
import type { CloudStatus } from "../../../daemon/control.ts";
import { edgeOf } from "../../local-target.ts";
import type { CountedApi } from "./counted-api.ts";
import { RequestTally, steadily } from "./tallies.ts";

/** Some forty requests a second in all, each on a connection of its own: a gap of a tenth of a second shows. */
const PAGE_PAUSE_MS = 50;
const CHALLENGE_PAUSE_MS = 75;
const API_PAUSE_MS = 100;
const DEADLINE_MS = 10_000;
const OK = 200;
const NOT_FOUND = 404;

/** Requests at a steady rate: visitors of customers' sites, a CA that looks for challenges, and a caller of the API. */
export class Traffic {
  readonly #pages = new RequestTally("pages");
  readonly #challenges = new RequestTally("challenges");
  readonly #api: CountedApi;
  readonly #over = new AbortController();
  readonly #loops: readonly Promise<void>[];

  /** @param served domains whose pages are served. */
  constructor(cloud: CloudStatus, api: CountedApi, served: readonly string[]) {
    this.#api = api;
    const { signal } = this.#over;
    const [first = ""] = served;
    this.#loops = [
      ...served.map((domain) =>
        steadily(signal, PAGE_PAUSE_MS * served.length, () => this.#openPage(cloud, domain)),
      ),
      steadily(signal, CHALLENGE_PAUSE_MS, () => this.#askForChallenge(cloud, first)),
      steadily(signal, API_PAUSE_MS, () => api.send("GET", `/v1/domains/${first}`).catch(() => undefined)),
    ];
  }

  /** The fewest that were sent of any kind. */
  get fewest(): number {
    return Math.min(...[this.#pages, this.#challenges, this.#api.tally].map(({ sent }) => sent));
  }

  /** Those that are under way come to their end. */
  async end(): Promise<readonly RehearsedRequests[]> {
    this.#over.abort();
    await Promise.all(this.#loops);
    return [this.#pages, this.#challenges, this.#api.tally].map((tally) => tally.end());
  }

  #openPage(cloud: CloudStatus, domain: string): Promise<unknown> {
    return this.#pages.count(
      `GET https://${domain}/`,
      () => probeEdge(edgeOf(cloud), domain),
      ({ status }) => (status === OK ? undefined : `${status} in place of ${OK}`),
    );
  }

  /** Whoever asks for a token that nobody put there gets the same answer for any name. */
  #askForChallenge({ ports }: CloudStatus, domain: string): Promise<unknown> {
    const path = `/.well-known/acme-challenge/${randomBytes(32).toString("base64url")}`;
    return this.#challenges.count(
      `GET http://${domain}${path}`,
      () => exchange({ port: ports.edgeHttp, path, headers: { host: domain }, deadlineMs: DEADLINE_MS }),
      ({ status }) => (status === NOT_FOUND ? undefined : `${status} in place of ${NOT_FOUND}`),
    );
  }
}
