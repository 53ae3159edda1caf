import * as z from "zod";

const MAX_TOKEN_LENGTH = 16_384;

const claimsSchema = z.object({
  aud: z.string(),
  email: z.string().min(1),
  email_verified: z.literal(true),
});

/** Who calls, as Google's front end verified it. */
export type Claims = z.output<typeof claimsSchema>;

/**
 * Reads the claims of the caller's ID token.
 *
 * Cloud Run verifies the token and replaces its signature before the container sees it, so a
 * container can only read. Where a request has both headers, Cloud Run verifies
 * `X-Serverless-Authorization` and passes `Authorization` on unchecked: believing the latter
 * then would let any caller name itself.
 *
 * @returns `undefined` without a readable token of a verified e-mail address.
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export function readClaims(headers: Headers): Claims | undefined {
  const header = headers.get("x-serverless-authorization") ?? headers.get("authorization");
  const token = /^Bearer ([^\s]+)$/i.exec(header ?? "")?.[1];
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) return undefined;
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    return claimsSchema.safeParse(payload).data;
  } catch {
    return undefined;
  }
}
