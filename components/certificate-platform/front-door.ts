import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { OriginCertificate } from "./origin-certificate.ts";

const CHALLENGE_PATHS = "/.well-known/acme-challenge/*";
const TO_HTTPS = {
  httpsRedirect: true,
  stripQuery: false,
  redirectResponseCode: "MOVED_PERMANENTLY_DEFAULT",
} as const;
/** A name that no rule lists: what customers' domains look like to the URL maps. */
const ANY_CUSTOMER = "customer.example";

export interface FrontDoorArgs {
  readonly address: pulumi.Input<string>;
  /** The name that the edge connects to, and that its certificate must bear. */
  readonly originHost: string;
  readonly apiHost: string;
  /** Short name of the `ManagedZone` that both are in. */
  readonly zone: pulumi.Input<string>;
  /** Ids of backend services. */
  readonly backends: {
    readonly api: pulumi.Input<string>;
    readonly hosting: pulumi.Input<string>;
    readonly tokenProxy: pulumi.Input<string>;
  };
}

/** One address: on port 80 challenges and redirects, on 443 the API by its name and hosting for every other. */
export class FrontDoor extends pulumi.ComponentResource {
  constructor(name: string, args: FrontDoorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:FrontDoor", name, args, opts);

    const { address, originHost, apiHost, zone, backends } = args;
    for (const [key, host] of Object.entries({ origin: originHost, api: apiHost })) {
      new gcp.dns.RecordSet(
        `${name}-${key}`,
        { managedZone: zone, name: `${host}.`, type: "A", ttl: 300, rrdatas: [address] },
        { parent: this },
      );
    }

    const plain = new gcp.compute.URLMap(
      `${name}-http`,
      {
        defaultUrlRedirect: TO_HTTPS,
        hostRules: [{ hosts: ["*"], pathMatcher: "challenges" }],
        pathMatchers: [
          {
            name: "challenges",
            defaultUrlRedirect: TO_HTTPS,
            pathRules: [{ paths: [CHALLENGE_PATHS], service: backends.tokenProxy }],
          },
        ],
        tests: [
          {
            host: ANY_CUSTOMER,
            path: "/.well-known/acme-challenge/token",
            service: backends.tokenProxy,
            description: "A CA's challenge reaches the token proxy",
          },
        ],
      },
      { parent: this },
    );
    const secure = new gcp.compute.URLMap(
      `${name}-https`,
      {
        defaultService: backends.hosting,
        hostRules: [{ hosts: [apiHost], pathMatcher: "api" }],
        pathMatchers: [{ name: "api", defaultService: backends.api }],
        tests: [
          { host: apiHost, path: "/v1/domains", service: backends.api, description: "The API by its name" },
          { host: ANY_CUSTOMER, path: "/", service: backends.hosting, description: "Every other name" },
        ],
      },
      { parent: this },
    );

    const certificate = new OriginCertificate(
      name,
      { hosts: { origin: originHost, api: apiHost }, zone },
      { parent: this },
    );
    const policy = new gcp.compute.SSLPolicy(
      name,
      { minTlsVersion: "TLS_1_2", profile: "MODERN" },
      { parent: this },
    );
    const httpProxy = new gcp.compute.TargetHttpProxy(`${name}-http`, { urlMap: plain.id }, { parent: this });
    const httpsProxy = new gcp.compute.TargetHttpsProxy(
      `${name}-https`,
      { urlMap: secure.id, certificateMap: certificate.certificateMap, sslPolicy: policy.id },
      { parent: this },
    );
    for (const [key, target, portRange] of [
      ["http", httpProxy.id, "80"],
      ["https", httpsProxy.id, "443"],
    ] as const) {
      new gcp.compute.GlobalForwardingRule(
        `${name}-${key}`,
        {
          target,
          portRange,
          ipAddress: address,
          ipProtocol: "TCP",
          loadBalancingScheme: "EXTERNAL_MANAGED",
        },
        { parent: this },
      );
    }

    this.registerOutputs({});
  }
}
