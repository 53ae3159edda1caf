import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ServerlessBackend } from "../serverless/serverless-backend.ts";
import { EdgeAllowList } from "./edge-allow-list.ts";
import { EdgeService } from "./edge-service.ts";
import { FrontDoor } from "./front-door.ts";
import { type OriginSecretArgs, originSecrets } from "./origin-secret.ts";

export interface EdgeArgs {
  /** A name of the platform's own that leads to the CDN: what customers point a CNAME at. */
  readonly host: string;
  /** IP addresses to which customers' names must lead. */
  readonly addresses: readonly string[];
  /** CIDR ranges from which the CDN connects to the origin. */
  readonly ranges: readonly string[];
  /** Fastly's TLS configuration under which certificates are activated. */
  readonly tlsConfigurationId: string;
}

export interface EntranceArgs {
  readonly region: pulumi.Input<string>;
  /** Domain of the platform itself; the hosts are in it. */
  readonly zoneDomain: string;
  readonly originHost: string;
  readonly apiHost: string;
  readonly edge: EdgeArgs;
  /** Whether every customer has a name of his own in the edge's. */
  readonly hasCustomersNames: boolean;
  readonly originSecret: OriginSecretArgs;
  /** Names of the Cloud Run services that answer. */
  readonly services: Readonly<Record<"api" | "hosting" | "tokenProxy", pulumi.Output<string>>>;
  /** Id of a backend service that takes the place of the hosting service. */
  readonly hostingBackend: pulumi.Input<string> | undefined;
  readonly protect: boolean;
}

/** How the world comes in: names, the CDN, and the load balancer behind it. No resource itself: all are children of the platform. */
export class Entrance {
  readonly originAddress: pulumi.Output<string>;
  readonly fastlyServiceId: pulumi.Output<string>;
  readonly nameServers: pulumi.Output<string[]>;

  constructor(name: string, args: EntranceArgs, opts: pulumi.ComponentResourceOptions) {
    const { region, zoneDomain, originHost, apiHost, edge, services, hostingBackend, protect } = args;
    const secrets = originSecrets(args.originSecret);
    const zone = new gcp.dns.ManagedZone(
      name,
      { dnsName: `${zoneDomain}.`, description: "The platform's own names" },
      { ...opts, protect },
    );
    const { address } = new gcp.compute.GlobalAddress(
      `${name}-front`,
      {},
      {
        ...opts,
        // Customers and the CDN hold on to it.
        protect,
        // Stacks that were made when it was a part of the front door keep it.
        aliases: [
          { parent: pulumi.createUrn(`${name}-front`, "platform:certificates:FrontDoor", opts.parent) },
        ],
      },
    );
    const edgeOnly = new EdgeAllowList(`${name}-edge-only`, { ranges: edge.ranges }, opts);
    const ownEdgeOnly = new EdgeAllowList(`${name}-own-edge-only`, { ranges: edge.ranges, secrets }, opts);
    // In this order no request is refused, when the secret comes and when another follows it: the origin
    // takes it, then the edge sends it, then the origin demands it.
    const edgeService = new EdgeService(
      `${name}-edge`,
      {
        edgeHost: edge.host,
        edgeAddresses: edge.addresses,
        hasCustomersNames: args.hasCustomersNames,
        zone: zone.name,
        originAddress: address,
        originHost,
        originSecret: secrets.apply(([current = ""]) => current),
        protect,
      },
      pulumi.mergeOptions(opts, { dependsOn: ownEdgeOnly }),
    );
    const backend = (key: string, service: pulumi.Output<string>, policy?: EdgeAllowList) =>
      new ServerlessBackend(
        `${name}-${key}`,
        { region, service, ...(policy && { securityPolicy: policy.policyId }) },
        policy === ownEdgeOnly ? pulumi.mergeOptions(opts, { dependsOn: edgeService }) : opts,
      ).backendId;
    new FrontDoor(
      `${name}-front`,
      {
        address,
        originHost,
        apiHost,
        zone: zone.name,
        backends: {
          api: backend("api", services.api),
          hosting: hostingBackend ?? backend("hosting", services.hosting, ownEdgeOnly),
          tokenProxy: backend("proxy", services.tokenProxy, edgeOnly),
        },
      },
      opts,
    );

    this.originAddress = address;
    this.fastlyServiceId = edgeService.serviceId;
    this.nameServers = zone.nameServers;
  }
}
