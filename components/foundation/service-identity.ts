import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** An account id has 30 characters, 8 of which are the random suffix. */
const MAX_NAME_LENGTH = 22;

export interface ServiceIdentityArgs {
  /** What acts under it, as a reader of an audit log would want to know. */
  readonly displayName: string;
}

/** The service account of one subsystem: nothing here runs as a default account. */
export class ServiceIdentity extends pulumi.ComponentResource {
  readonly email: pulumi.Output<string>;
  /** `serviceAccount:EMAIL` */
  readonly member: pulumi.Output<string>;
  /** `projects/P/serviceAccounts/EMAIL` */
  readonly accountName: pulumi.Output<string>;
  /** The project that it is an account of. */
  readonly project: pulumi.Output<string>;

  constructor(name: string, { displayName }: ServiceIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:ServiceIdentity", name, { displayName }, opts);

    if (name.length > MAX_NAME_LENGTH) {
      throw new pulumi.ResourceError(
        `ServiceIdentity "${name}": name must have at most ${MAX_NAME_LENGTH} characters; got ${name.length}.`,
        this,
        true,
      );
    }
    const account = new gcp.serviceaccount.Account(name, { displayName }, { parent: this });

    this.email = account.email;
    this.member = account.member;
    this.accountName = account.name;
    this.project = account.project;
    this.registerOutputs({ email: this.email, member: this.member, accountName: this.accountName });
  }
}
