/** What a resource costs for being there, whatever is done with it. */
export interface Price {
  /** `gcp:kms/cryptoKey:CryptoKey` */
  readonly type: string;
  /** In a sentence: "2 forwarding rules". */
  readonly unit: string;
  /** US dollars a month for so many, at list price, in europe-west1 and places that cost the same. */
  monthly(count: number): number;
  readonly source: string;
  /** What is beside it and hangs on use, or is not counted. */
  readonly besides?: string;
}

/** When the prices were written down. They are list prices, without free tiers and discounts. */
export const PRICES_AS_OF = "2026-11-30";
export const HOURS_A_MONTH = 730;
const SECONDS_A_MONTH = HOURS_A_MONTH * 3_600;

/** Of an instance that is kept and waits: CPU a second and core, memory a second and GiB. */
export const IDLE = {
  cpuSecond: 0.0000025,
  gibSecond: 0.0000025,
  source: "https://cloud.google.com/run/pricing",
  besides: "what it works, a request costs more",
} as const;

/** Dollars a month for instances that are always there. */
export function idleCost(cpu: number, gib: number): number {
  return SECONDS_A_MONTH * (cpu * IDLE.cpuSecond + gib * IDLE.gibSecond);
}

const each = (dollars: number) => (count: number) => dollars * count;

export const PRICES: readonly Price[] = [
  {
    type: "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    unit: "forwarding rule",
    // The first five cost as much as one.
    monthly: (count) => HOURS_A_MONTH * (count === 0 ? 0 : 0.025 + 0.01 * Math.max(0, count - 5)),
    source: "https://cloud.google.com/load-balancing/pricing",
    besides: "traffic",
  },
  {
    type: "gcp:compute/securityPolicy:SecurityPolicy",
    unit: "security policy",
    monthly: each(5),
    source: "https://cloud.google.com/armor/pricing",
    besides: "requests",
  },
  {
    type: "gcp:kms/cryptoKey:CryptoKey",
    unit: "encryption key with one version",
    monthly: each(0.06),
    source: "https://cloud.google.com/kms/pricing",
    besides: "each older version that is kept, and operations",
  },
  {
    type: "gcp:secretmanager/secretVersion:SecretVersion",
    unit: "secret version",
    monthly: each(0.06),
    source: "https://cloud.google.com/secret-manager/pricing",
    besides: "each replica of its own, and accesses",
  },
  {
    type: "gcp:cloudscheduler/job:Job",
    unit: "scheduled job",
    monthly: each(0.1),
    source: "https://cloud.google.com/scheduler/pricing",
  },
  {
    type: "gcp:dns/managedZone:ManagedZone",
    unit: "DNS zone",
    monthly: each(0.2),
    source: "https://cloud.google.com/dns/pricing",
    besides: "queries",
  },
];

/** A rule of a security policy, beside the policy. */
export const SECURITY_RULE = { monthly: 1, source: "https://cloud.google.com/armor/pricing" } as const;

/** What has no price for being there. */
export const BY_USE: readonly (readonly [RegExp, string])[] = [
  [/^gcp:storage\/bucket:/, "buckets: what they store, and operations"],
  [/^gcp:pubsub\//, "topics and subscriptions: bytes"],
  [/^gcp:artifactregistry\//, "repositories: what they store"],
  [/^gcp:monitoring\/alertPolicy:/, "alerts: conditions and the series that they read"],
  [/^gcp:logging\//, "logs: bytes"],
  [/^fastly:/, "Fastly: requests, bandwidth and certificates, by contract"],
  [/^gcp:cloud(runv2|functionsv2)\//, "workloads: requests, CPU and memory while they work"],
];
