import * as z from "zod";
import { type HttpReply, sendRequest } from "../workload/send-request.ts";

const REQUEST_DEADLINE_MS = 5_000;
/** Google's own clients stop using a token this long before its end. */
const EXPIRY_MARGIN_MS = 225_000;
const PATH = "/computeMetadata/v1/instance/service-accounts/default/token";

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** The metadata server gave no token, so nothing can be said to Google at all. */
export class NoAccessToken extends Error {
  readonly code = "NO_ACCESS_TOKEN";

  constructor(reason: string, options?: ErrorOptions) {
    super(`The metadata server gave no access token: ${reason}.`, options);
    this.name = "NoAccessToken";
  }
}

export interface AccessTokens {
  /** @throws {NoAccessToken} */
  get(): Promise<string>;
}

/**
 * Access tokens of the workload's own service account, from the metadata server that every Cloud
 * Run instance has. One request at a time; a token is kept until shortly before its end.
 * google-auth-library does this too, at a start-up cost above all the rest of a workload's.
 *
 * @param host @default GCE_METADATA_HOST, else `metadata.google.internal`, as Google's clients do.
 * @see https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
 */
export function openAccessTokens(
  host = process.env.GCE_METADATA_HOST || "metadata.google.internal",
): AccessTokens {
  let current: { readonly token: string; readonly until: number } | undefined;
  let pending: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    const answer = await sendRequest(`http://${host}${PATH}`, {
      method: "GET",
      headers: { "metadata-flavor": "Google" },
      deadlineMs: REQUEST_DEADLINE_MS,
    }).catch((cause: unknown) => {
      throw new NoAccessToken(`no answer from ${host}`, { cause });
    });
    const parsed = tokenSchema.safeParse(jsonOf(answer));
    if (answer.status !== 200 || !parsed.success)
      throw new NoAccessToken(`${host} answered ${answer.status}`);
    const { access_token: token, expires_in: seconds } = parsed.data;
    current = { token, until: Date.now() + seconds * 1000 - EXPIRY_MARGIN_MS };
    return token;
  }

  return {
    async get() {
      if (current && Date.now() < current.until) return current.token;
      pending ??= fetchToken().finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}

function jsonOf({ body }: HttpReply): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
