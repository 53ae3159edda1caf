import { newEcdsaKey } from "../../runtime/certificates/acme/account-key.ts";
import { FastlyApi, type FastlyApiOptions } from "../../runtime/certificates/fastly/fastly-api.ts";
import { openFastlyDomains } from "../../runtime/certificates/fastly/fastly-domains.ts";
import { TlsResources } from "../../runtime/certificates/fastly/tls-resources.ts";
import { refusal, type Suite } from "./suite.ts";

export interface FastlyDoor {
  readonly api: FastlyApiOptions;
  readonly serviceId: string;
  /** A name that nobody uses, which is linked and unlinked. */
  readonly domain: string;
}

/** @see https://www.fastly.com/documentation/reference/api */
export const FASTLY: Suite<FastlyDoor> = {
  service: "Fastly",
  cases: [
    {
      title: "nobody is let in without the token",
      expected: "FASTLY_DENIED",
      observe: ({ api, domain }) => {
        const stranger = new TlsResources(new FastlyApi({ ...api, token: "guessed" }));
        return refusal(stranger.list("activations", { "filter[tls_domain.id]": domain }));
      },
    },
    {
      title: "a key is listed as unused by its name until it is removed, and once",
      expected: { created: 1, removed: 0 },
      async observe({ api, domain }) {
        const tls = new TlsResources(new FastlyApi(api));
        const name = `${domain} conformance`;
        const listed = async () => {
          const unused = await tls.list("private_keys", { "filter[in_use]": "false" });
          return unused.filter((key) => key.name === name);
        };
        for (const { id } of await listed()) await tls.remove("private_keys", id);
        const attributes = { key: newEcdsaKey().reveal(), name };
        const { id } = await tls.create("private_keys", { type: "tls_private_key", attributes });
        const created = (await listed()).length;
        await tls.remove("private_keys", id);
        return { created, removed: (await listed()).length };
      },
    },
    {
      title: "what is no certificate is refused",
      expected: "FASTLY_REFUSED",
      observe: ({ api }) => {
        const attributes = { cert_blob: "none", name: "conformance" };
        const tls = new TlsResources(new FastlyApi(api));
        return refusal(tls.create("certificates", { type: "tls_certificate", attributes }));
      },
    },
    {
      title: "a name is linked once, seen as ours, and let go",
      expected: [
        "none",
        { kind: "linked", created: true },
        { kind: "linked", created: false },
        "ours",
        "none",
      ],
      async observe({ api, serviceId, domain }) {
        const domains = openFastlyDomains({ ...api, serviceId });
        try {
          return [
            await domains.linked(domain),
            await domains.link(domain),
            await domains.link(domain),
            await domains.linked(domain),
            await domains.unlink(domain).then(() => domains.linked(domain)),
          ];
        } finally {
          await domains.unlink(domain);
        }
      },
    },
  ],
};
