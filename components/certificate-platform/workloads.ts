import type { WorkloadDefinition } from "../serverless/hosted-workload.ts";
import type { WorkloadHost } from "../serverless/workload-host.ts";

const ANY_PACKAGING = ["bundle", "function", "image"] as const;

/**
 * What runs. A key is the workload's one name: of its folder in `runtime/`, its component and its
 * configuration, `platform:workloads`.
 */
export const WORKLOADS = {
  "domain-api": {
    title: "Domain API",
    account: "api",
    // A function would take tokens for its own URI alone, and callers' are for the API's host.
    packaging: ["bundle", "image"],
    concurrency: 80,
    timeoutSeconds: 30,
  },
  "domain-validator": {
    title: "Domain validator",
    account: "validator",
    packaging: ANY_PACKAGING,
    concurrency: 40,
    // The deadline in its main.ts is a little less.
    timeoutSeconds: 120,
  },
  "certificate-issuer": {
    title: "Certificate issuer",
    account: "issuer",
    packaging: ANY_PACKAGING,
    concurrency: 20,
    timeoutSeconds: 600,
  },
  "domain-watcher": {
    title: "Domain watcher",
    account: "watcher",
    packaging: ANY_PACKAGING,
    concurrency: 10,
    // The deadline in its main.ts is a little less.
    timeoutSeconds: 540,
  },
  "certificate-checker": {
    title: "Certificate checker",
    account: "checker",
    packaging: ANY_PACKAGING,
    concurrency: 80,
    // The deadline in its main.ts is a little less.
    timeoutSeconds: 120,
  },
  "token-proxy": {
    title: "Token proxy",
    account: "proxy",
    packaging: ANY_PACKAGING,
    concurrency: 200,
    timeoutSeconds: 10,
  },
  "alert-notifier": {
    title: "Alert notifier",
    account: "notifier",
    packaging: ANY_PACKAGING,
    // Calls that come while a round is under way are answered at once.
    concurrency: 10,
    timeoutSeconds: 300,
  },
  hosting: {
    title: "Hosting",
    account: "hosting",
    packaging: ANY_PACKAGING,
    concurrency: 200,
    timeoutSeconds: 30,
  },
} as const satisfies Readonly<Record<string, WorkloadDefinition>>;

export type CertificateWorkload = keyof typeof WORKLOADS;
export type CertificateHost = WorkloadHost<CertificateWorkload>;
