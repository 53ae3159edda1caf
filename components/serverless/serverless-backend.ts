import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface ServerlessBackendArgs {
  readonly region: pulumi.Input<string>;
  /** The Cloud Run service's name. */
  readonly service: pulumi.Input<string>;
  /** Who may reach it through the load balancer. @default everyone: the service itself checks its callers. */
  readonly securityPolicy?: pulumi.Input<string>;
}

/** A Cloud Run service as a load balancer sees it. */
export class ServerlessBackend extends pulumi.ComponentResource {
  readonly backendId: pulumi.Output<string>;

  constructor(name: string, args: ServerlessBackendArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:ServerlessBackend", name, args, opts);

    const group = new gcp.compute.RegionNetworkEndpointGroup(
      name,
      { region: args.region, networkEndpointType: "SERVERLESS", cloudRun: { service: args.service } },
      { parent: this },
    );
    const backend = new gcp.compute.BackendService(
      name,
      {
        loadBalancingScheme: "EXTERNAL_MANAGED",
        protocol: "HTTPS",
        backends: [{ group: group.id }],
        ...(args.securityPolicy && { securityPolicy: args.securityPolicy }),
        logConfig: { enable: true, sampleRate: 1 },
      },
      { parent: this },
    );

    this.backendId = backend.id;
    this.registerOutputs({ backendId: this.backendId });
  }
}
