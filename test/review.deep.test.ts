import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runCommand } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";

const URN = "urn:pulumi:dev::platform::";
const COUNTS = { create: 0, update: 0, replace: 0, delete: 0 };

/** A repository of its own, with the program as it is in its first commit. */
let copy: CopiedProgram;
let stateDir: string;

beforeAll(async () => {
  copy = await CopiedProgram.makeWhole();
  stateDir = await mkdtemp(join(tmpdir(), "reviewed-"));
  git("init", "--quiet");
  commit();
});

afterAll(async () => {
  await copy[Symbol.asyncDispose]();
  await rm(stateDir, { recursive: true, force: true });
});

test("a program compared with itself changes nothing in any stack", async () => {
  const { code, out, err } = await review("HEAD", "--json");
  expect({ code, told: code === 0 ? "" : err }).toEqual({ code: 0, told: "" });
  const { stacks, mustRead } = JSON.parse(out) as Digest;
  expect(stacks.map(({ stack, counts, verdict, errors }) => ({ stack, counts, verdict, errors }))).toEqual(
    ["dev", "local", "prod"].map((stack) => ({ stack, counts: COUNTS, verdict: "unchanged", errors: [] })),
  );
  expect(mustRead).toEqual([]);
});

test("a branch's five changes are all found, the three that are dangerous on top", async () => {
  await copy.edit("components/certificate-platform/data-stores.ts", "-registry`", "-names`");
  await copy.edit(
    "components/foundation/private-bucket.ts",
    '"-view": "roles/storage.objectViewer"',
    '"-view": "roles/storage.admin"',
  );
  await copy.edit(
    "components/messaging/stage.ts",
    "deadLetterPolicy: { deadLetterTopic: deadLetters.id, maxDeliveryAttempts },",
    '...(!name.endsWith("issuer") && { deadLetterPolicy: { deadLetterTopic: deadLetters.id, maxDeliveryAttempts } }),',
  );
  await copy.edit("runtime/workloads/hosting/page.ts", "<p>This domain", '<p data-edited="yes">This domain');
  await copy.edit(
    "Pulumi.dev.yaml",
    "hosting: { minInstances: 0, maxInstances: 4 }",
    "hosting: { minInstances: 0, maxInstances: 4, memory: 1Gi }",
  );
  commit();
  const [markdown, page] = ["comment.md", "review.html"].map((name) => join(stateDir, name));

  const { code, out } = await review(
    "HEAD~1",
    "--stack",
    "dev",
    "--json",
    "--markdown",
    markdown ?? "",
    "--html",
    page ?? "",
  );

  expect(code).toBe(0);
  const digest = JSON.parse(out.trim().split("\n").at(-1) ?? "") as Digest;
  expect(Object.keys(digest)).toEqual(["stacks", "mustRead", "policies"]);
  expect(digest.mustRead.map(({ stack, kind, urn }) => [stack, kind, urn.split("::").at(-1)])).toEqual([
    ["dev", "deletion", "certs-registry"],
    ["dev", "dead-letter", "certs-cert-issuer"],
    ["dev", "access", "certs-backup-appenders-issuer-view"],
  ]);
  expect(digest.mustRead.map(({ sentence }) => sentence)).toEqual([
    expect.stringContaining('give that aliases: [{ name: "certs-registry" }]'),
    expect.stringContaining("would no longer have dead letters"),
    'Grants roles/storage.admin on bucket "certs-backup" to service account "certs-issuer" instead of roles/storage.objectViewer.',
  ]);
  expect(digest.mustRead[0]?.urn.startsWith(URN)).toBe(true);
  expect(digest.stacks[0]).toMatchObject({
    verdict: "dangerous",
    workloads: [
      {
        urn: expect.stringMatching(/::certs-hosting$/),
        code: { before: expect.any(Number), after: expect.any(Number) },
        settings: [{ name: "memory", before: "512Mi", after: "1Gi" }],
      },
    ],
  });
  const comment = await readFile(markdown ?? "", "utf8");
  const places = ["Deletion", "Dead letters", "Access", "### Workloads", "1Gi"].map((part) =>
    comment.indexOf(part),
  );
  expect(places).toEqual([...places].sort((left, right) => left - right));
  expect(places.every((place) => place > 0 && place < 6_000)).toBe(true);
  expect(await readFile(page ?? "", "utf8")).toContain("3 changes to read before approving");
});

test("a base whose program does not run is told with what it said", async () => {
  await copy.edit("stacks/index.ts", 'Platform("certs"', 'Platform("certificates"');
  commit();
  await copy.edit("stacks/index.ts", 'Platform("certificates"', 'Platform("certs"');

  const { code, out, err } = await review("HEAD", "--stack", "dev", "--json");

  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/The program of HEAD \([0-9a-f]{12}\) does not run for stack "dev"/);
  expect(err).toContain("name must have at most 6 characters; got 12.");
});

interface Digest {
  readonly stacks: readonly Readonly<Record<string, unknown>>[];
  readonly mustRead: readonly Readonly<Record<"stack" | "urn" | "kind" | "sentence", string>>[];
}

function review(...args: readonly string[]) {
  return runCommand(["review", ...args, "--cwd", copy.folder, "--state-dir", stateDir]);
}

function commit(): void {
  git("add", "--all");
  git(
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.test",
    "-c",
    "commit.gpgsign=false",
    "commit",
    "--quiet",
    "--message",
    "Change it",
  );
}

function git(...args: readonly string[]): void {
  execFileSync("git", ["-C", copy.folder, ...args]);
}
