import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface OriginCertificateArgs {
  /** Names that the load balancer answers to, by the name of their certificate. */
  readonly hosts: Readonly<Record<string, string>>;
  /** The zone that proves them: the short name of a `ManagedZone`. */
  readonly zone: pulumi.Input<string>;
}

/** Google-managed certificates for the platform's own names, proved by DNS before any traffic comes. */
export class OriginCertificate extends pulumi.ComponentResource {
  /** For `TargetHttpsProxy.certificateMap`. */
  readonly certificateMap: pulumi.Output<string>;

  constructor(name: string, args: OriginCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:OriginCertificate", name, args, opts);

    const map = new gcp.certificatemanager.CertificateMap(name, {}, { parent: this });
    for (const [key, host] of Object.entries(args.hosts)) {
      const authorization = new gcp.certificatemanager.DnsAuthorization(
        `${name}-${key}`,
        { domain: host },
        { parent: this },
      );
      const record = authorization.dnsResourceRecords.apply(([first]) => ({
        name: first?.name ?? "",
        type: first?.type ?? "",
        rrdatas: [first?.data ?? ""],
      }));
      const proof = new gcp.dns.RecordSet(
        `${name}-${key}-proof`,
        { managedZone: args.zone, name: record.name, type: record.type, ttl: 300, rrdatas: record.rrdatas },
        { parent: this },
      );
      const certificate = new gcp.certificatemanager.Certificate(
        `${name}-${key}`,
        { managed: { domains: [host], dnsAuthorizations: [authorization.id] } },
        { parent: this, dependsOn: [proof] },
      );
      new gcp.certificatemanager.CertificateMapEntry(
        `${name}-${key}`,
        { map: map.name, hostname: host, certificates: [certificate.id] },
        { parent: this },
      );
    }

    this.certificateMap = pulumi.interpolate`//certificatemanager.googleapis.com/${map.id}`;
    this.registerOutputs({ certificateMap: this.certificateMap });
  }
}
