import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest, RegisterResourceResponse } from "@pulumi/pulumi/proto/resource_pb.js";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

type Answer = (error: unknown, response: RegisterResourceResponse) => void;

export interface Synthesised {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Its URN without stack and project: `TYPE_OF_ANCESTOR$…$TYPE::NAME`. */
  readonly identity: string;
}

export interface SynthOptions {
  readonly stack?: string;
  /** @default an update */
  readonly isPreview?: boolean;
}

/** What providers would have put out, as far as components read it: enough to tell resources apart. */
function outputsOf({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  const common = { name, project: "test", ...inputs };
  switch (type) {
    case "gcp:serviceaccount/account:Account": {
      const email = `${name}@test.iam.gserviceaccount.com`;
      return {
        ...common,
        name: `projects/test/serviceAccounts/${email}`,
        email,
        member: `serviceAccount:${email}`,
      };
    }
    case "gcp:iam/workloadIdentityPool:WorkloadIdentityPool":
      return { ...common, name: poolOf(inputs) };
    case "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider":
      return { ...common, name: `${poolOf(inputs)}/providers/${inputs.workloadIdentityPoolProviderId}` };
    case "gcp:projects/serviceIdentity:ServiceIdentity":
      return { ...common, member: `serviceAccount:agent-of-${inputs.service}` };
    case "gcp:storage/bucketObject:BucketObject":
      return { ...common, generation: 1 };
    case "gcp:cloudrunv2/service:Service":
      return { ...common, uri: `https://${name}.a.run.app` };
    case "gcp:cloudfunctionsv2/function:Function": {
      const service = `projects/test/locations/${inputs.location}/services/${name}`;
      return {
        ...common,
        serviceConfig: { ...inputs.serviceConfig, service, uri: `https://${name}.a.run.app` },
      };
    }
    case "gcp:compute/globalAddress:GlobalAddress":
      return { ...common, address: "203.0.113.1" };
    case "gcp:certificatemanager/dnsAuthorization:DnsAuthorization":
      return {
        ...common,
        dnsResourceRecords: [{ name: `_acme-challenge.${inputs.domain}.`, type: "CNAME", data: "proof." }],
      };
    case "gcp:secretmanager/secret:Secret":
      return { ...common, secretId: name, createTime: new Date().toISOString() };
    case "gcp:artifactregistry/repository:Repository":
      return { ...common, createTime: new Date().toISOString() };
    case "gcp:secretmanager/secretVersion:SecretVersion":
      return { ...common, version: "1" };
    default:
      return common;
  }
}

function poolOf({ workloadIdentityPoolId }: pulumi.runtime.MockResourceArgs["inputs"]): string {
  return `projects/123456789012/locations/global/workloadIdentityPools/${workloadIdentityPoolId}`;
}

/**
 * Runs a program function against Pulumi's mocks.
 *
 * @returns what it registered, once all of it is registered, also from within `apply`: by identity, since the
 * order of registration is nobody's promise. Secrets are in the clear.
 */
export async function synth(
  program: () => unknown,
  { stack, isPreview = false }: SynthOptions = {},
): Promise<readonly Synthesised[]> {
  const mocks: pulumi.runtime.Mocks = {
    newResource: (args) => ({ id: `${args.name}-id`, state: outputsOf(args) }),
    call: ({ token }) => {
      throw new Error(`${token} is not to be called.`);
    },
  };
  await pulumi.runtime.setMocks(mocks, undefined, stack, isPreview);
  const registered = noteRegistrations();
  try {
    await program();
  } finally {
    // Also after a throw: what was registered before it must not reach the next program's mocks.
    await pulumi.runtime.disconnect();
  }
  return registered.sort((a, b) => (a.identity < b.identity ? -1 : 1));
}

/** With all ancestors, where the mocks themselves know the parent alone. */
function noteRegistrations(): Synthesised[] {
  const registered: Synthesised[] = [];
  const ancestries = new Map<string, string>();
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: RegisterResourceRequest, answer: Answer) => {
    const [type, name] = [request.getType(), request.getName()];
    const parent = ancestries.get(request.getParent());
    const ancestry = parent === undefined ? type : `${parent}$${type}`;
    const object = request.getObject();
    registered.push({
      type,
      name,
      inputs: object ? pulumi.runtime.deserializeProperties(object) : {},
      identity: `${ancestry}::${name}`,
    });
    return register(request, (error: unknown, response: RegisterResourceResponse) => {
      if (response) ancestries.set(response.getUrn(), ancestry);
      answer(error, response);
    });
  };
  return registered;
}

/** The inputs of one of them. */
export function inputsOf(
  resources: readonly Synthesised[],
  type: string,
  name: string,
): Synthesised["inputs"] | undefined {
  return resources.find((resource) => resource.type === type && resource.name === name)?.inputs;
}
