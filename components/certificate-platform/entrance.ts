import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import { ServerlessBackend } from "../serverless/serverless-backend.ts";
import { EdgeAllowList } from "./edge-allow-list.ts";
import { EdgeService } from "./edge-service.ts";
import { FrontDoor } from "./front-door.ts";

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
    const zone = new gcp.dns.ManagedZone(
      name,
      { dnsName: `${zoneDomain}.`, description: "The platform's own names" },
      { ...opts, protect },
    );
    const { policyId } = new EdgeAllowList(`${name}-edge-only`, { ranges: edge.ranges }, opts);
    const backend = (key: string, service: pulumi.Output<string>, securityPolicy?: pulumi.Output<string>) =>
      new ServerlessBackend(
        `${name}-${key}`,
        { region, service, ...(securityPolicy && { securityPolicy }) },
        opts,
      ).backendId;
    const { address } = new FrontDoor(
      `${name}-front`,
      {
        originHost,
        apiHost,
        zone: zone.name,
        backends: {
          api: backend("api", services.api),
          hosting: hostingBackend ?? backend("hosting", services.hosting, policyId),
          tokenProxy: backend("proxy", services.tokenProxy, policyId),
        },
        protect,
      },
      opts,
    );
    const { serviceId } = new EdgeService(
      `${name}-edge`,
      {
        edgeHost: edge.host,
        edgeAddresses: edge.addresses,
        hasCustomersNames: args.hasCustomersNames,
        zone: zone.name,
        originAddress: address,
        originHost,
        protect,
      },
      opts,
    );

    this.originAddress = address;
    this.fastlyServiceId = serviceId;
    this.nameServers = zone.nameServers;
  }
}
