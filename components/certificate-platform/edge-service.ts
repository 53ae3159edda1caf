import { isIPv6 } from "node:net";
import * as fastly from "@pulumi/fastly";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ORIGIN_SECRET_HEADER } from "./origin-secret.ts";

const CHALLENGE = '"^/\\.well-known/acme-challenge/"';

export interface EdgeServiceArgs {
  /** A name of the platform's own that leads to the CDN: what customers point a CNAME at. */
  readonly edgeHost: string;
  /** The CDN's IP addresses, to which `edgeHost` leads. */
  readonly edgeAddresses: readonly string[];
  /** Whether every name in `edgeHost` leads there too: one for each customer's CNAMEs, which shows whose a name is. @default false */
  readonly hasCustomersNames?: boolean;
  /** Short name of the `ManagedZone` that `edgeHost` is in. */
  readonly zone: pulumi.Input<string>;
  /** The load balancer's address. */
  readonly originAddress: pulumi.Input<string>;
  /** The name in the origin's certificate. */
  readonly originHost: string;
  /** By which the origin knows this service. */
  readonly originSecret: pulumi.Input<string>;
  readonly protect: boolean;
}

/** The CDN before everything: a CA's challenges pass in plain HTTP, all else is HTTPS. The customer's Host is never changed. */
export class EdgeService extends pulumi.ComponentResource {
  readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: EdgeServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:EdgeService", name, {}, opts);

    const {
      edgeHost,
      edgeAddresses,
      zone,
      originAddress,
      originHost,
      originSecret,
      protect,
      hasCustomersNames = false,
    } = args;
    const service = new fastly.ServiceVcl(
      name,
      {
        conditions: [
          { name: "acme", type: "REQUEST", priority: 10, statement: `req.url.path ~ ${CHALLENGE}` },
          { name: "not-acme", type: "REQUEST", priority: 10, statement: `req.url.path !~ ${CHALLENGE}` },
        ],
        // Without overrideHost: HTTP-01 proves a name, and Host is the only field that bears it.
        backends: [
          {
            name: "acme",
            address: originAddress,
            port: 80,
            useSsl: false,
            requestCondition: "acme",
          },
          {
            name: "origin",
            address: originAddress,
            port: 443,
            useSsl: true,
            sslSniHostname: originHost,
            sslCertHostname: originHost,
            sslCheckCert: true,
            minTlsVersion: "1.2",
            requestCondition: "not-acme",
          },
        ],
        // Over TLS alone; whatever a client sent under this name is overwritten.
        headers: [
          {
            name: "origin-secret",
            type: "request",
            action: "set",
            destination: `http.${ORIGIN_SECRET_HEADER}`,
            source: pulumi.interpolate`"${originSecret}"`,
            ignoreIfSet: false,
            priority: 10,
            requestCondition: "not-acme",
          },
        ],
        // The provider, in the version that package.json pins, sends of an edited one what has changed alone, and Fastly may
        // then forget the rest, forceSsl too: an edit takes another name, so that a new one is made.
        requestSettings: [
          { name: "https-only", forceSsl: true, requestCondition: "not-acme" },
          { name: "fresh-challenges", action: "pass", requestCondition: "acme" },
        ],
        forceDestroy: !protect,
      },
      { parent: this, protect },
    );
    // As customers' own names are linked: apart from the service's versions, in which Fastly deprecates names.
    new fastly.DomainV1(
      name,
      { fqdn: edgeHost, description: "Where customers' CNAMEs lead", serviceId: service.id },
      { parent: this, protect },
    );

    for (const [type, rrdatas] of [
      ["A", edgeAddresses.filter((address) => !isIPv6(address))],
      ["AAAA", edgeAddresses.filter((address) => isIPv6(address))],
    ] as const) {
      if (rrdatas.length === 0) continue;
      const records = { managedZone: zone, type, ttl: 300, rrdatas };
      new gcp.dns.RecordSet(
        `${name}-${type.toLowerCase()}`,
        { ...records, name: `${edgeHost}.` },
        { parent: this },
      );
      if (!hasCustomersNames) continue;
      new gcp.dns.RecordSet(
        `${name}-customers-${type.toLowerCase()}`,
        { ...records, name: `*.${edgeHost}.` },
        { parent: this },
      );
    }

    this.serviceId = service.id;
    this.registerOutputs({ serviceId: this.serviceId });
  }
}
