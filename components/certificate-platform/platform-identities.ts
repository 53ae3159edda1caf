import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ServiceIdentity } from "../foundation/service-identity.ts";

export interface PlatformIdentitiesArgs {
  /** Members who may act as the operator, by a stable name. */
  readonly operators: Readonly<Record<string, string>>;
}

/** An account for each subsystem, and one as which people operate the platform. */
export class PlatformIdentities extends pulumi.ComponentResource {
  readonly api: ServiceIdentity;
  readonly validator: ServiceIdentity;
  readonly issuer: ServiceIdentity;
  readonly proxy: ServiceIdentity;
  readonly hosting: ServiceIdentity;
  readonly validationPusher: ServiceIdentity;
  readonly issuingPusher: ServiceIdentity;
  readonly operator: ServiceIdentity;

  constructor(name: string, { operators }: PlatformIdentitiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:PlatformIdentities", name, {}, opts);

    const identity = (subsystem: string, displayName: string) =>
      new ServiceIdentity(`${name}-${subsystem}`, { displayName }, { parent: this });
    this.api = identity("api", "Domain API");
    this.validator = identity("validator", "Domain validator");
    this.issuer = identity("issuer", "Certificate issuer");
    this.proxy = identity("proxy", "Token proxy");
    this.hosting = identity("hosting", "Hosting");
    this.validationPusher = identity("validation-push", "Pushes to the domain validator");
    this.issuingPusher = identity("issuing-push", "Pushes to the certificate issuer");
    this.operator = identity("operator", "Operates the platform");

    for (const [key, member] of Object.entries(operators)) {
      new gcp.serviceaccount.IAMMember(
        `${name}-operator-${key}`,
        {
          serviceAccountId: this.operator.accountName,
          role: "roles/iam.serviceAccountTokenCreator",
          member,
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
