import { setTimeout as delay } from "node:timers/promises";
import { type Answer, ApiClient } from "../api-client.ts";

/** What the API says to try again after a while: 429 and 503. */
const LATER = new Set([429, 503]);
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** For whoever asks much at once: every request of this API may be repeated, so what it has no time for now is. */
export class PatientApi extends ApiClient {
  override async send(method: string, path: string, body?: object): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await super.send(method, path, body);
      if (!LATER.has(answer.status) || tries === MAX_TRIES) return answer;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
      await delay(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}
