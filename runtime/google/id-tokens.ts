import { sendRequest } from "../workload/send-request.ts";
import { NoAccessToken } from "./access-tokens.ts";

const REQUEST_DEADLINE_MS = 5_000;
/** A token is not used for the last minutes of its hour. */
const EXPIRY_MARGIN_MS = 300_000;
const PATH = "/computeMetadata/v1/instance/service-accounts/default/identity";

export interface IdTokens {
  /** @throws {NoAccessToken} */
  get(): Promise<string>;
}

/**
 * ID tokens of the workload's own service account for one audience, from the metadata server.
 *
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service#acquire-token
 */
export function openIdTokens(
  audience: string,
  host = process.env.GCE_METADATA_HOST || "metadata.google.internal",
): IdTokens {
  let current: { readonly token: string; readonly until: number } | undefined;

  return {
    async get() {
      if (current && Date.now() < current.until) return current.token;
      const url = `http://${host}${PATH}?audience=${encodeURIComponent(audience)}&format=full`;
      const { status, body } = await sendRequest(url, {
        method: "GET",
        headers: { "metadata-flavor": "Google" },
        deadlineMs: REQUEST_DEADLINE_MS,
      }).catch((cause: unknown) => {
        throw new NoAccessToken(`no answer from ${host}`, { cause });
      });
      const token = body.toString("utf8").trim();
      const until = expiryOf(token);
      if (status !== 200 || until === undefined) throw new NoAccessToken(`${host} answered ${status}`);
      current = { token, until: until - EXPIRY_MARGIN_MS };
      return token;
    },
  };
}

/** Milliseconds since 1970; `undefined` for what is no token. */
function expiryOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const seconds = Number((claims as { readonly exp?: unknown }).exp);
    return Number.isFinite(seconds) ? seconds * 1000 : undefined;
  } catch {
    return undefined;
  }
}
