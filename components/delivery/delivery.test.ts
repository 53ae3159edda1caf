import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "@jest/globals";
import { inputsOf, type Synthesised, synth } from "../testing/synth.ts";
import { ACCESSES, type Access } from "./access.ts";
import { Delivery, type DeliveryArgs } from "./delivery.ts";
import { PROJECT_ROLES } from "./project-roles.ts";

const ARGS: DeliveryArgs = {
  project: "acme-prod",
  region: "europe-west1",
  environment: "prod",
  repository: { ownerId: "1001", id: "2002", branch: "main" },
  operators: { platform: "group:platform@example.com" },
};
const PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember";

/** What the program makes in the cloud, by the graphs of its stacks: types and inputs. */
const planned = ["dev", "prod"].flatMap((stack) => {
  const file = new URL(`../../test/golden/${stack}.json`, import.meta.url);
  const { resources } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly resources: Readonly<Record<string, { readonly inputs?: Readonly<Record<string, unknown>> }>>;
  };
  return Object.entries(resources).map(([identity, { inputs = {} }]) => {
    const type = identity.replace(/::.*/, "").replace(/.*\$/, "");
    return { type, inputs };
  });
});

const make = (args: Partial<DeliveryArgs> = {}) =>
  synth(() => new Delivery("delivery", { ...ARGS, ...args }));
let resources: readonly Synthesised[];

beforeAll(async () => {
  resources = await make();
});

/** What each access is granted, wherever. */
function grantsOf(access: Access): readonly unknown[] {
  return resources
    .filter(({ inputs }) => String(inputs.member).endsWith(`/attribute.access/${access}`))
    .map(({ inputs }) => inputs.role);
}

test.each<Access>(["drift", "deploy"])(
  "has a role for each kind of the program that %s deals with",
  (access) => {
    const kinds = new Set(planned.flatMap(({ type }) => /^gcp:\w+\/\w+:/.exec(type) ?? []));
    const covered = Object.values(PROJECT_ROLES[access]).flatMap((role) => role.kinds);

    expect(kinds.size).toBeGreaterThan(30);
    expect([...kinds].filter((kind) => !covered.some((start) => kind.startsWith(start)))).toEqual([]);
    expect(covered.filter((start) => ![...kinds].some((kind) => kind.startsWith(start)))).toEqual([]);
  },
);

test("grants no basic role, nothing of federation, and nothing to anybody but workflows and operators", () => {
  const roles = ACCESSES.flatMap((access) => grantsOf(access));

  expect(
    roles.filter((role) => /^roles\/(owner|editor|viewer|iam\.workloadIdentity.*)$/.test(String(role))),
  ).toEqual([]);
  const members = resources.flatMap(({ inputs }) =>
    inputs.member === undefined ? [] : [String(inputs.member)],
  );
  expect(new Set(members)).toEqual(
    new Set([
      ...ACCESSES.map(
        (access) =>
          `principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github-prod/attribute.access/${access}`,
      ),
      "group:platform@example.com",
    ]),
  );
});

test("lets a preview read the state and its secrets, and nothing else", () => {
  expect([...grantsOf("preview")].sort()).toEqual([
    "roles/cloudkms.cryptoKeyDecrypter",
    "roles/storage.objectViewer",
  ]);
});

test("lets an operator read the state and its secrets, and nothing else", () => {
  const roles = resources.filter(({ inputs }) => inputs.member === ARGS.operators.platform);
  expect(roles.map(({ inputs }) => inputs.role).sort()).toEqual([
    "roles/cloudkms.cryptoKeyDecrypter",
    "roles/storage.objectViewer",
  ]);
});

test("keeps whoever deploys away from the state's key and bucket, and from granting other roles", () => {
  const conditionOf = (role: string) => {
    const grant = resources.find(({ type, inputs }) => type === PROJECT_GRANT && inputs.role === role);
    return (grant?.inputs.condition as { expression: string } | undefined)?.expression;
  };

  expect(conditionOf("roles/storage.admin")).toBe(
    '!resource.name.startsWith("projects/_/buckets/delivery-state")',
  );
  expect(conditionOf("roles/cloudkms.admin")).toBe('!resource.name.startsWith("delivery-state-id")');
  expect(conditionOf("roles/resourcemanager.projectIamAdmin")).toBe(
    'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/logging.logWriter", "roles/storage.objectViewer"])',
  );
});

test("is described as it is: each role with what it is for, and how much there is to make", () => {
  const guide = readFileSync(new URL("../../docs/delivery.md", import.meta.url), "utf8").replaceAll(
    / +\|/g,
    " |",
  );
  for (const access of ACCESSES) {
    for (const [role, { kinds, why }] of Object.entries(PROJECT_ROLES[access])) {
      const names = kinds.map((kind) => `\`${kind.replace(/^gcp:/, "").replace(/[:/]$/, "")}\``);
      expect(guide).toContain(`| \`${role}\` | ${names.join(", ")} | ${why} |`);
    }
  }
  // With the stack itself.
  expect(guide).toContain(`shows ${resources.length + 1} resources to create`);
});

test("grants on the project exactly what the program may grant there", () => {
  const granted = planned.flatMap(({ type, inputs }) => (type === PROJECT_GRANT ? [inputs.role] : []));
  const { grants } = PROJECT_ROLES.deploy["roles/resourcemanager.projectIamAdmin"] ?? {};
  expect(grants).toEqual([...new Set(granted)].sort());
});

test("keeps states in versions that nobody can open to the public or destroy by accident", () => {
  expect(inputsOf(resources, "gcp:storage/bucket:Bucket", "delivery-state")).toMatchObject({
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    forceDestroy: false,
    versioning: { enabled: true },
    softDeletePolicy: { retentionDurationSeconds: 2_592_000 },
  });
  expect(inputsOf(resources, "gcp:kms/cryptoKey:CryptoKey", "delivery-state")).toMatchObject({
    rotationPeriod: "7776000s",
  });
});

test("is called by numbers, and by no name that another could take", () => {
  const provider = resources.find(({ type }) => type.startsWith("gcp:iam/workloadIdentityPoolProvider:"));
  const { attributeMapping, attributeCondition } = provider?.inputs ?? {};
  const asked = JSON.stringify([attributeMapping, attributeCondition]).match(/assertion\.\w+/g);
  expect([...new Set(asked)].sort()).toEqual([
    "assertion.actor_id",
    "assertion.environment",
    "assertion.event_name",
    "assertion.ref",
    "assertion.repository_id",
    "assertion.repository_owner_id",
    "assertion.run_id",
  ]);
});

test("gives the pool of the longest environment a display name that Google takes", async () => {
  const longest = await make({ environment: "sixteen-letters-" });
  const pool = inputsOf(longest, "gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "delivery-github");
  expect(String(pool?.displayName)).toHaveLength(32);
});

test.each(["", "P", "a-name-of-17-char"])("refuses the environment %j", async (environment) => {
  await expect(make({ environment })).rejects.toThrow(
    `Delivery "delivery": environment must be 2 to 16 lower-case letters, digits and dashes, the first a letter; got "${environment}".`,
  );
});
