import { ServiceIdentity } from "../foundation/service-identity.ts";
import type { HostedWorkload } from "../serverless/hosted-workload.ts";

export const IMAGE = `europe-docker.pkg.dev/p/images/hosting@sha256:${"0a".repeat(32)}`;

/** A workload that takes no source of this repository. To be called from within `synth`. */
export function hostedImage(overrides: Partial<HostedWorkload> = {}): HostedWorkload {
  return {
    title: "Robot",
    account: "robot",
    folder: "nowhere",
    identity: new ServiceIdentity("robot", { displayName: "Robot" }),
    packaging: { kind: "image", reference: IMAGE },
    minInstances: 0,
    maxInstances: 3,
    cpu: 1,
    memory: "512Mi",
    concurrency: 80,
    timeoutSeconds: 30,
    region: "europe-west1",
    codeBucket: "code",
    pubsubAgent: "serviceAccount:agent",
    alerting: { channels: ["channels/c"], runbooksUrl: "https://r.example" },
    protect: true,
    ...overrides,
  };
}
