import * as z from "zod";
import type { Secret } from "../../workload/secret.ts";
import { AcmeProblem, parseRetryAfter, problemSchema } from "./acme-problem.ts";
import { AcmeSession } from "./acme-session.ts";
import type { AcmeReply } from "./acme-transport.ts";
import {
  type AcmeOrder,
  type Authorization,
  CaUnavailable,
  type CertificateAuthority,
  type Challenge,
} from "./certificate-authority.ts";
import { poll, type Reading } from "./polling.ts";

/** RFC 8555 asks for 128 bits or more in base64url; the upper bound is ours. */
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;

const acmeOrderSchema = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  authorizations: z.array(z.url()).min(1),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problemSchema.optional().catch(undefined),
});

const challengeSchema = z.object({
  type: z.literal("http-01"),
  url: z.url(),
  status: z.enum(["pending", "processing", "valid", "invalid"]),
  token: z.string().regex(TOKEN),
  error: problemSchema.optional().catch(undefined),
});

const authorizationSchema = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  challenges: z.array(z.object({ type: z.string() }).loose()),
});

export interface CertificateAuthorityOptions {
  readonly directoryUrl: string;
  /** `mailto:` URL, sent when the account is made. */
  readonly contact: string;
  /** Empty: the CA's default. */
  readonly profile: string;
  /** Called once, before the first request. */
  readonly accountKey: () => Promise<Secret<string>>;
}

/** Nothing is sent before the first call. A failure to read the account's key is forgotten, so the next call tries again. */
export function openCertificateAuthority(options: CertificateAuthorityOptions): CertificateAuthority {
  const { directoryUrl, contact, profile, accountKey } = options;
  let opening: Promise<AcmeSession> | undefined;
  const open = () => {
    opening ??= accountKey().then(
      (accountKeyPem) => new AcmeSession({ directoryUrl, accountKeyPem, contact }),
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const post = async (target: { url: string } | { resource: string }, payload?: object) =>
    (await open()).post(target, payload);

  return {
    openAccount: async () => (await open()).open(),
    async newOrder(domain) {
      const reply = await post(
        { resource: "newOrder" },
        { identifiers: [{ type: "dns", value: domain }], ...(profile !== "" && { profile }) },
      );
      const { location } = reply.headers;
      if (!location) throw new CaUnavailable("The CA's answer to newOrder has no URL of an ACME order");
      return toAcmeOrder(location, reply);
    },
    acmeOrder: async (url) => toAcmeOrder(url, await post({ url })),
    authorization: async (url) => toAuthorization(url, await post({ url })),
    keyAuthorization: async (token) => (await open()).keyAuthorization(token),
    async answer({ url }) {
      await post({ url }, {});
    },
    settledAuthorization: (url, signal) =>
      poll(
        `the authorization ${url}`,
        async () => {
          const reply = await post({ url });
          const value = toAuthorization(url, reply);
          return reading(value, value.status !== "pending", reply);
        },
        signal,
      ),
    async finalize(acmeOrder, csrPem) {
      return toAcmeOrder(acmeOrder.url, await post({ url: acmeOrder.finalize }, { csr: derOf(csrPem) }));
    },
    settledAcmeOrder: (url, signal) =>
      poll(
        `the ACME order ${url}`,
        async () => {
          const reply = await post({ url });
          const value = toAcmeOrder(url, reply);
          return reading(value, value.status === "valid" || value.status === "invalid", reply);
        },
        signal,
      ),
    async certificate(url) {
      const { data } = await post({ url });
      if (typeof data !== "string" || !data.includes("-----BEGIN CERTIFICATE-----")) {
        throw new CaUnavailable(`The CA's answer to ${url} is not a certificate chain`);
      }
      return data;
    },
  };
}

function reading<T>(value: T, settled: boolean, { headers }: AcmeReply): Reading<T> {
  return { value, settled, retryAfter: parseRetryAfter(headers["retry-after"]) };
}

function toAcmeOrder(url: string, { data, status }: AcmeReply): AcmeOrder {
  const { error, ...acmeOrder } = checked("ACME order", url, acmeOrderSchema, data);
  const { authorizations, finalize, certificate } = acmeOrder;
  const problem = error && new AcmeProblem(error, status);
  return { url, status: acmeOrder.status, authorizations, finalize, certificate, problem };
}

function toAuthorization(url: string, { data, status }: AcmeReply): Authorization {
  const authorization = checked("authorization", url, authorizationSchema, data);
  const offered = authorization.challenges.find(({ type }) => type === "http-01");
  let challenge: Challenge | undefined;
  if (offered) {
    const { error, type: _, ...rest } = checked("challenge", url, challengeSchema, offered);
    challenge = { ...rest, problem: error && new AcmeProblem(error, status) };
  }
  return { url, status: authorization.status, challenge };
}

function checked<T>(what: string, url: string, schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new CaUnavailable(
    `The CA's ${what} at ${url} is not as RFC 8555 says: ${z.prettifyError(result.error)}`,
  );
}

function derOf(pem: string): string {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  return Buffer.from(base64, "base64").toString("base64url");
}
