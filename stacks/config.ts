import { z } from "zod";
import { ORIGIN_SECRET } from "../components/certificate-platform/origin-secret.ts";
import { type CertificateWorkload, WORKLOADS } from "../components/certificate-platform/workloads.ts";
import type { WorkloadDefinition } from "../components/serverless/hosted-workload.ts";
import { IMAGE_BY_DIGEST } from "../components/serverless/packaging.ts";
import { brokenMemory, CPU_COUNTS, DEFAULT_SIZE } from "../components/serverless/workload-size.ts";
import { byName, checkedConfig, keyIn, member, projectId, region } from "./checked-config.ts";

const NAMESPACE = "platform";
/** Stands for a secret that is set. */
export const HIDDEN = "[secret]";
/** Stands for a secret that is set, and breaks its rule. */
export const MALFORMED = "[another secret]";
/** Rules of secrets that have one, by full key. */
const SECRET_RULES: Readonly<Record<string, RegExp>> = {
  "platform:originSecret": ORIGIN_SECRET,
  "platform:formerOriginSecret": ORIGIN_SECRET,
};
const ORIGIN_SECRET_RULE = "must be set to 32 to 128 letters, digits, hyphens and underscores";

const hostName = z
  .string()
  .regex(
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/,
    "must be a lower-case host name",
  );

const packaging = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bundle") }),
  z.strictObject({ kind: z.literal("function") }),
  z.strictObject({
    kind: z.literal("image"),
    reference: z
      .string()
      .regex(IMAGE_BY_DIGEST, "must be an image by its digest, REGISTRY/PATH@sha256:DIGEST"),
  }),
]);

/** Checked together, whatever else of a workload is wrong. */
const size = z.object({
  cpu: z.literal(CPU_COUNTS, `must be one of ${CPU_COUNTS.join(", ")}`).default(DEFAULT_SIZE.cpu),
  memory: z.string().default(DEFAULT_SIZE.memory),
});

/** What may be decided about a workload, as far as its platform's list leaves a choice. */
function workloadOf({ packaging: allowed }: WorkloadDefinition) {
  return z
    .strictObject({
      minInstances: z.int().min(0).max(100),
      maxInstances: z.int().min(1).max(100),
      ...size.shape,
      packaging: packaging
        .refine(({ kind }) => allowed.includes(kind), {
          path: ["kind"],
          message: `must be one of ${allowed.join(", ")}`,
        })
        .default({ kind: "bundle" }),
    })
    .refine((workload) => !(workload?.minInstances > workload?.maxInstances), {
      path: ["minInstances"],
      message: "must be maxInstances or less",
      when: () => true,
    })
    .superRefine(
      (workload, { addIssue }) => {
        const { data } = size.safeParse(workload);
        const message = data && brokenMemory(data.cpu, data.memory);
        if (message) addIssue({ code: "custom", path: ["memory"], message });
      },
      { when: () => true },
    );
}

const workloads = z.strictObject(
  Object.fromEntries(
    Object.entries(WORKLOADS).map(([name, definition]) => [name, workloadOf(definition)]),
  ) as Record<CertificateWorkload, ReturnType<typeof workloadOf>>,
);

const addresses = z.array(z.union([z.ipv4(), z.ipv6()], "must be an IP address")).min(1);
const ranges = z.array(z.union([z.cidrv4(), z.cidrv6()], "must be a CIDR range")).min(1);

const budgets = z
  .strictObject({
    ordersPer3Hours: z.int().min(10),
    certificatesPerDomainPerWeek: z.int().min(5),
    certificatesPerNamePerWeek: z.int().min(2),
    writesPerHour: z.int().min(100),
    registrationsPerHour: z.int().min(1),
  })
  .partial()
  .default({});

/** A CA, and how we are known there. */
const certificateAuthority = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, "must be a short kebab-case name"),
  directoryUrl: z.url({ protocol: /^https$/, error: "must be an https URL" }),
  profile: z.string(),
  contact: z.string().regex(/^mailto:\S+@\S+$/, "must be a mailto: URL"),
  caaIdentities: z.array(hostName).min(1),
  externalAccount: z.strictObject({ keyId: z.string().min(1) }).optional(),
});

const isList = ({ value }: { readonly value: unknown }) => Array.isArray(value);

function areApartBy(key: "name" | "directoryUrl") {
  return (authorities: readonly Partial<Record<typeof key, unknown>>[]) =>
    new Set(authorities.map((authority) => authority?.[key])).size === authorities.length;
}

/** Holds for what is no host name too: that has a mistake of its own. */
function isInZone(hostValue: unknown, zoneValue: unknown): boolean {
  const [host, zone] = [hostName.safeParse(hostValue), hostName.safeParse(zoneValue)];
  return !host.success || !zone.success || host.data.endsWith(`.${zone.data}`);
}

function wantsExternalAccount(config: { readonly certificateAuthorities?: unknown } | undefined): boolean {
  const authorities = config?.certificateAuthorities;
  return (
    Array.isArray(authorities) && authorities.some((authority) => authority?.externalAccount !== undefined)
  );
}

/** Checked beside other mistakes, not only once there are none. */
function inZone(...path: string[]) {
  return { path, message: "must be in zoneDomain", when: () => true };
}

/** What answers at one host cannot be told from what answers at another. */
function areApart(one: unknown, other: unknown): boolean {
  return one === undefined || one !== other;
}

/** Checked beside other mistakes too. */
function apartFrom(key: string, ...path: string[]) {
  return { path, message: `must be another host than platform:${key}`, when: () => true };
}

/** What an environment decides. Every other choice is the components'. */
const configSchema = z
  .strictObject({
    "gcp:project": projectId,
    region,
    /** Shown at the foot of the hosted page. */
    platformName: z.string().min(1).max(60),
    zoneDomain: hostName,
    originHost: hostName,
    apiHost: hostName,
    edge: z.strictObject({
      host: hostName,
      addresses,
      ranges,
      tlsConfigurationId: z.string().min(1),
    }),
    /**
     * How a customer shows that a name is his: not at all, by a text in its DNS, or by leading it to a name
     * of his own. Without it, whoever is first has a name once it leads to the edge.
     *
     * @default "none", which asks nothing of customers who are there already
     */
    ownership: z.enum(["none", "txt", "cname"]).default("none"),
    /** In the order in which they are asked. */
    certificateAuthorities: z
      .array(certificateAuthority)
      .min(1)
      .refine(areApartBy("name"), { message: "must have different names", when: isList })
      .refine(areApartBy("directoryUrl"), { message: "must have different directories", when: isList }),
    /** Only that they are there, as of `fastlyApiToken`. */
    externalAccountKeys: z.literal(HIDDEN).optional(),
    /** Only that it is there: the value itself is a secret, and so apart from what errors may quote. */
    fastlyApiToken: z.literal(HIDDEN, "must be set: pulumi config set --secret platform:fastlyApiToken"),
    /** Likewise. The edge sends it to the origin, which takes the former one too. */
    originSecret: z.literal(
      HIDDEN,
      `${ORIGIN_SECRET_RULE}: pulumi config set --secret platform:originSecret`,
    ),
    formerOriginSecret: z.literal(HIDDEN, ORIGIN_SECRET_RULE).optional(),
    /** The operators' own account is among the API's callers under its name. */
    callers: byName(member).refine((callers) => !Object.hasOwn(callers, "operator"), {
      path: ["operator"],
      message: "must have another name: operator is the caller that platform:operators act as",
    }),
    operators: byName(member),
    alertEmails: byName(z.email("must be an e-mail address")),
    /** Within which each domain is checked once. @default 360: a CA that moves a renewal is to be asked twice a day */
    checkIntervalMinutes: z.int().min(1).max(1_440).default(360),
    /** Who may hear what becomes of domains. @default nobody */
    eventSubscribers: byName(member).default({}),
    /** Only that they are there, as of `fastlyApiToken`; without them nobody is told there. */
    slackWebhookUrl: z.literal(HIDDEN).optional(),
    sentryDsn: z.literal(HIDDEN).optional(),
    /** Of the folder of runbooks, which alerts lead to. */
    runbooksUrl: z.url({ protocol: /^https$/, error: "must be an https URL" }),
    workloads,
    /** Limits that are others than Let's Encrypt's and Fastly's, which the platform's own defaults are. */
    budgets,
    /** @default 400, longer than any certificate lives */
    backupDays: z.int().min(1).max(3_650).default(400),
    softDeleteDays: z
      .int()
      .refine((days) => days === 0 || (days >= 7 && days <= 90), "must be 0, or from 7 to 90"),
    /** Until new grants hold. @default 120, which is what Google names */
    grantDelaySeconds: z.int().min(0).max(900).default(120),
    /**
     * Names of what stands in the project already and nothing here makes. The program asks for none of them: a judgement
     * of it takes them for granted.
     */
    existing: z.array(z.string().min(1)).default([]),
    protect: z.boolean(),
  })
  .refine((config) => config?.externalAccountKeys !== undefined || !wantsExternalAccount(config), {
    path: ["externalAccountKeys"],
    message: "must be set: pulumi config set --secret platform:externalAccountKeys",
    when: () => true,
  })
  .refine((config) => isInZone(config?.originHost, config?.zoneDomain), inZone("originHost"))
  .refine((config) => isInZone(config?.apiHost, config?.zoneDomain), inZone("apiHost"))
  .refine((config) => isInZone(config?.edge?.host, config?.zoneDomain), inZone("edge", "host"))
  .refine((config) => areApart(config?.apiHost, config?.originHost), apartFrom("originHost", "apiHost"))
  .refine(
    (config) => areApart(config?.edge?.host, config?.originHost),
    apartFrom("originHost", "edge", "host"),
  )
  .refine((config) => areApart(config?.edge?.host, config?.apiHost), apartFrom("apiHost", "edge", "host"));

export type PlatformConfig = z.output<typeof configSchema>;

/** What may be told of a secret. */
export function hidden(key: string, secret: string): string {
  return SECRET_RULES[key]?.test(secret) === false ? MALFORMED : HIDDEN;
}

/**
 * Checks what configuration says of the platform, and of the project that it is made in.
 *
 * @param values of `platform:` by key without the namespace, and `gcp:project`: text as it stands in
 *   `Pulumi.STACK.yaml`, objects as JSON.
 * @throws {InvalidConfig} with the key, the rule and the value of every mistake.
 */
export function parseConfig(values: Readonly<Record<string, string>>): PlatformConfig {
  return checkedConfig(configSchema, NAMESPACE, values);
}

/** As one would look for it in `Pulumi.STACK.yaml`. */
export function keyName(path: readonly PropertyKey[]): string {
  return keyIn(NAMESPACE, path);
}
