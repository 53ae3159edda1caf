import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { ROLES } from "../../local/services/iam/roles.ts";
import { readGolden } from "../graph/golden-graph.ts";
import { TAKEN_AWAY, USED_ELSEWHERE, USED_IN_THE_CLOUD } from "./evidence.ts";
import { evidenceFor, type Grant, grantsOf, isNamedBy } from "./grants.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const STACKS = ["local", "dev", "prod", "delivery-prod"];
const permissionsOf = (role: string) => ROLES[role] ?? [];
const all = STACKS.flatMap((stack) => grantsOf(golden(stack), permissionsOf));

test.each(STACKS)("each grant of %s has one thing that shows it to be needed", (stack) => {
  expect(grantsOf(golden(stack), permissionsOf).flatMap(mistakesOf)).toEqual([]);
});

test("a grant that nothing shows to be needed is told of with what to do", () => {
  const [grant] = all;
  expect(grant && mistakesOf({ ...grant, name: "certs-registry-writers-hosting" })).toEqual([
    expect.stringContaining('certs-registry-writers-hosting": roles/'),
  ]);
});

test("what is written down is of a grant that there is, and of what its role permits", () => {
  const named = [
    ...Object.keys(TAKEN_AWAY),
    ...Object.keys(USED_ELSEWHERE),
    ...Object.keys(USED_IN_THE_CLOUD),
  ];
  expect(named.filter((pattern) => !all.some(({ name }) => isNamedBy(pattern, name)))).toEqual([]);
  for (const [name, permission] of Object.entries(TAKEN_AWAY)) {
    const grant = all.find((each) => each.name === name);
    expect([name, grant?.permissions]).toEqual([name, expect.arrayContaining([permission])]);
  }
});

test("the tests that use a grant are there, under their titles", () => {
  for (const { test: file, title } of Object.values(USED_ELSEWHERE)) {
    expect(readFileSync(join(REPOSITORY, file), "utf8")).toContain(`"${title}"`);
  }
});

test("tells who may do what to what", () => {
  const told = (name: string) => grantsOf(golden("prod"), permissionsOf).find((each) => each.name === name);
  expect(told("certs-challenges-readers-proxy")).toMatchObject({
    identity: "certs-proxy (Token proxy)",
    role: "roles/storage.legacyObjectReader",
    permissions: ["storage.objects.get"],
    on: "bucket certs-challenges",
    evidence: { kind: "taken away", permission: "storage.objects.get" },
  });
  expect(told("certs-builds-source-reader")).toMatchObject({
    on: "project example-platform-prod",
    condition: "staged-sources",
    evidence: { kind: "in the cloud" },
  });
  expect(told("certs-cert-issuer-signer")?.identity).toBe("Google's own account for pubsub.googleapis.com");
  expect(told("certs-hosting-invoker-everyone")?.identity).toBe("allUsers");
  expect(grantsOf(golden("delivery-prod"), permissionsOf).map(({ identity }) => identity)).toContain(
    "workload identity pool delivery-github",
  );
});

function golden(stack: string) {
  return readGolden(readFileSync(join(REPOSITORY, "test", "golden", `${stack}.json`), "utf8"));
}

function mistakesOf({ name, role, on }: Grant): readonly string[] {
  const count = evidenceFor(name).length;
  if (count === 1) return [];
  return [
    count === 0
      ? `Grant "${name}": ${role} on ${on} must be needed by a test: give it a play in test/grants.deep.test.ts and a line in review/grants/evidence.ts, or take it out.`
      : `Grant "${name}": must be written down once in review/grants/evidence.ts; got ${count} times.`,
  ];
}
