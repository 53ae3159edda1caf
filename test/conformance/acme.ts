import { newEcdsaKey } from "../../runtime/certificates/acme/account-key.ts";
import { openCertificateAuthority } from "../../runtime/certificates/acme/acme-certificate-authority.ts";
import type { CertificateAuthority } from "../../runtime/certificates/acme/certificate-authority.ts";
import { certificateRequest } from "../../runtime/certificates/acme/certificate-request.ts";
import { refusal, type Suite } from "./suite.ts";

export interface AcmeDoor {
  readonly directoryUrl: string;
  /** A name for which orders are begun and left. */
  readonly domain: string;
  readonly contact: string;
}

function open({ directoryUrl, contact }: AcmeDoor): CertificateAuthority {
  const key = newEcdsaKey();
  return openCertificateAuthority({ directoryUrl, contact, profile: "", accountKey: async () => key });
}

/** As far as it goes without an answer to a challenge. @see RFC 8555, RFC 9773 */
export const ACME: Suite<AcmeDoor> = {
  service: "ACME",
  cases: [
    {
      title: "a new account begins an order, which waits for a challenge by HTTP",
      expected: { status: "pending", authorizations: 1, hasToken: true },
      async observe(door) {
        const ca = open(door);
        await ca.openAccount();
        const { status, authorizations } = await ca.newOrder(door.domain);
        const { challenge } = await ca.authorization(authorizations[0] ?? "");
        const hasToken = /^[A-Za-z0-9_-]{22,128}$/.test(challenge?.token ?? "");
        return { status, authorizations: authorizations.length, hasToken };
      },
    },
    {
      title: "an order is found again, and one that is not there is a 404",
      expected: ["pending", 404],
      async observe(door) {
        const ca = open(door);
        await ca.openAccount();
        const { url } = await ca.newOrder(door.domain);
        const found = await ca.acmeOrder(url);
        const absent = await ca.acmeOrder(`${url}0`).catch((error: { status?: number }) => error);
        return [found.status, (absent as { status?: number }).status];
      },
    },
    {
      title: "an order that is not ready is not finalised",
      expected: "urn:ietf:params:acme:error:orderNotReady",
      async observe(door) {
        const ca = open(door);
        await ca.openAccount();
        const order = await ca.newOrder(door.domain);
        const request = certificateRequest(door.domain, newEcdsaKey());
        return ca.finalize(order, request).then(
          () => "accepted",
          ({ type }: { type?: string }) => type,
        );
      },
    },
    {
      title: "a name that no CA may issue for is refused",
      expected: "refused",
      async observe(door) {
        const ca = open(door);
        await ca.openAccount();
        const answer = await refusal(ca.newOrder("conformance.invalid_name"));
        return answer === "accepted" ? answer : "refused";
      },
    },
  ],
};
