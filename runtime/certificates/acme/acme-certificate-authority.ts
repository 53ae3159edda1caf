import { X509Certificate } from "node:crypto";
import type { Secret } from "../../workload/secret.ts";
import { AcmeProblem, parseRetryAfter } from "./acme-problem.ts";
import { checkChallenge, toAcmeOrder, toAuthorization } from "./acme-resources.ts";
import { AcmeSession, type ExternalAccount, type Target } from "./acme-session.ts";
import type { AcmeReply } from "./acme-transport.ts";
import { CaUnavailable, type CertificateAuthority, type RevocationReason } from "./certificate-authority.ts";
import { poll, type Reading } from "./polling.ts";
import { toRenewalInfo } from "./renewal-info.ts";
import { RenewalWindows } from "./renewal-windows.ts";

/** @see https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1 */
const REASON_CODES: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  superseded: 4,
  cessationOfOperation: 5,
};

export interface CertificateAuthorityOptions {
  readonly directoryUrl: string;
  /** `mailto:` URL, sent when the account is made. */
  readonly contact: string;
  /** Empty: the CA's default. */
  readonly profile: string;
  /** Called before the first request, and again once the CA does not accept the account. */
  readonly accountKey: () => Promise<Secret<string>>;
  readonly externalAccount?: ExternalAccount | undefined;
  /** For each request. @default 30 s, more than a CA needs for any */
  readonly deadlineMs?: number;
}

/** Nothing is sent before the first call. A failure to read the account's key is forgotten, so the next call tries again. */
export function openCertificateAuthority(options: CertificateAuthorityOptions): CertificateAuthority {
  const { directoryUrl, contact, profile, accountKey, externalAccount, deadlineMs } = options;
  let opening: Promise<AcmeSession> | undefined;
  const open = () => {
    opening ??= accountKey().then(
      (accountKeyPem) =>
        new AcmeSession({ directoryUrl, accountKeyPem, contact, externalAccount, deadlineMs }),
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  /** An account that the CA does not accept is opened anew: by then there may be another key. */
  const inSession = async <T>(work: (session: AcmeSession) => Promise<T>): Promise<T> => {
    const used = open();
    try {
      return await work(await used);
    } catch (error) {
      if (error instanceof AcmeProblem && error.isAccounts && opening === used) opening = undefined;
      throw error;
    }
  };
  const post = (target: Target, payload?: object) => inSession((session) => session.post(target, payload));

  const windows = new RenewalWindows(async (certificateId) => {
    const session = await open();
    const { renewalInfo } = await session.directory();
    if (renewalInfo === undefined) return undefined;
    const url = `${renewalInfo.replace(/\/$/, "")}/${certificateId}`;
    return toRenewalInfo(await session.get(url), certificateId);
  });

  return {
    openAccount: () => inSession((session) => session.open()),
    async newOrder(domain, { replaces } = {}) {
      const wanted = {
        identifiers: [{ type: "dns", value: domain }],
        ...(profile !== "" && { profile }),
      };
      const knowsRenewals = replaces !== undefined && (await (await open()).directory()).renewalInfo;
      const reply = await (knowsRenewals
        ? post({ resource: "newOrder" }, { ...wanted, replaces }).catch((error: unknown) => {
            if (!refusesReplaces(error)) throw error;
            return post({ resource: "newOrder" }, wanted);
          })
        : post({ resource: "newOrder" }, wanted));
      const { location } = reply.headers;
      if (!location) throw new CaUnavailable("The CA's answer to newOrder has no URL of an ACME order");
      return toAcmeOrder(location, reply);
    },
    acmeOrder: async (url) => toAcmeOrder(url, await post({ url })),
    authorization: async (url) => toAuthorization(url, await post({ url })),
    keyAuthorization: async (token) => (await open()).keyAuthorization(token),
    async answer({ url }) {
      checkChallenge(url, await post({ url }, {}));
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
    renewalInfo: (certificateId, { asksAnew } = {}) => windows.of(certificateId, asksAnew),
    async revoke(chainPem, reason) {
      const certificate = new X509Certificate(chainPem).raw.toString("base64url");
      try {
        await post({ resource: "revokeCert" }, { certificate, reason: REASON_CODES[reason] });
      } catch (error) {
        if (!(error instanceof AcmeProblem) || !error.is("alreadyRevoked")) throw error;
      }
    },
  };
}

/**
 * Whether the CA would take the order without `replaces`: it was replaced already, is not known there
 * any more, or belongs to an earlier account. RFC 9773 gives only the first a type of its own. A CA that
 * fails over it by itself may do so each time, as Pebble does where a serial number's first bit is set:
 * without another try the certificate would never be renewed.
 */
function refusesReplaces(error: unknown): boolean {
  if (!(error instanceof AcmeProblem)) return false;
  if (error.origin === "reply" && error.is("serverInternal")) return true;
  if (error.isTransient) return false;
  return ["alreadyReplaced", "malformed", "unauthorized"].some((type) => error.is(type));
}

function reading<T>(value: T, settled: boolean, { headers }: AcmeReply): Reading<T> {
  return { value, settled, retryAfter: parseRetryAfter(headers["retry-after"]) };
}

function derOf(pem: string): string {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  return Buffer.from(base64, "base64").toString("base64url");
}
