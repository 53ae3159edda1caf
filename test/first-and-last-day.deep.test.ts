import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { WORKLOADS } from "../components/certificate-platform/workloads.ts";
import { inventoryOf } from "../local/daemon/cloud-process.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { runCommand, startCommand } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";
import { countAtFastly, fastly } from "./support/fastly-activations.ts";
import { eventually, LocalPlatform } from "./support/local-platform.ts";

const DOMAINS = Array.from({ length: 6 }, (_, index) => `customer-${index}.example.test`);

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  await platform.update();
  await Promise.all(DOMAINS.map((domain) => platform.register(domain)));
  for (const domain of DOMAINS) await platform.reach(domain, ["active"]);
});

afterAll(() => platform.stop());

const run = (...args: readonly string[]) => runCommand([...args, "--state-dir", platform.stateDir]);

/** Everything of a customer's that the CDN holds. */
async function heldAtFastly(): Promise<Readonly<Record<string, number>>> {
  const cloud = platform.cloud.status();
  const { data } = (await fastly(cloud, "GET", "/domain-management/v1/domains?limit=100")) as {
    data: readonly { fqdn: string }[];
  };
  return {
    domains: data.filter(({ fqdn }) => fqdn.endsWith(".test")).length,
    activations: await countAtFastly(cloud, "activations"),
    certificates: await countAtFastly(cloud, "certificates"),
    keys: await countAtFastly(cloud, "private_keys"),
  };
}

test("a smoke test of what was just deployed sees the platform work from where its users are", async () => {
  const { code, out } = await run("smoke", "--json");
  const { checks, ...rest } = JSON.parse(out) as { checks: { name: string; outcome: string }[] };
  expect(rest).toEqual({ stack: "local", domain: DOMAINS[0] });
  expect(checks.map(({ name, outcome }) => `${name}: ${outcome}`)).toEqual([
    "the API answers its operator: passed",
    "the API refuses strangers: passed",
    "port 80 leads to HTTPS: passed",
    "the edge's port 80 leads to HTTPS: passed",
    "unknown challenges are all alike: passed",
    "a customer's site is served: passed",
    "backup, CDN and edge agree: passed",
  ]);
  expect(code).toBe(0);
});

test("a broken release fails the smoke test, and one command goes back to the release before", async () => {
  await using broken = await CopiedProgram.make();
  const page = "? html(200, welcomePage(name, platformName))";
  await broken.edit("runtime/workloads/hosting/app.ts", page, page.replace("200", "500"));
  await platform.update({ programDir: broken.folder });
  const smoke = await run("smoke", "--timeout", "3");
  expect(smoke).toMatchObject({ code: 1 });
  expect(smoke.out).toMatch(/failed {2}a customer's site is served: .* answers 500\.\n/);

  // The release before is the commit that these tests are of.
  const unasked = await run("rollback", "--to", "HEAD");
  expect(unasked).toMatchObject({
    code: 1,
    err: expect.stringContaining("Nobody is there to be asked: give --yes."),
  });
  const back = await run("rollback", "--to", "HEAD", "--actor", "somebody", "--yes");
  expect({ code: back.code, told: back.code === 0 ? "" : back.out + back.err }).toEqual({
    code: 0,
    told: "",
  });
  expect(back.out).toMatch(
    /somebody deployed [0-9a-f]{40} to local: .*\n(.*\n)*local passes all of 7 checks\.\n$/,
  );
});

test.each(runbookCommands())(
  "on this machine, the runbooks' `%s` ends well",
  async (_line, command) => {
    const known = command.map((word) => (word === "NAME" ? (DOMAINS[0] ?? "") : word));
    const { code, out, err } = await run(...known);
    expect({ code, told: code === 0 ? "" : out + err }).toEqual({ code: 0, told: "" });
  },
  60_000,
);

test("what was deployed is in the log that the dashboard shows", async () => {
  const what = ["--commit", "0123456789abcdef", "--actor", "somebody"];
  const annotated = await run("annotate", ...what, "--json");
  expect(annotated).toMatchObject({ code: 0 });
  const { artefacts } = JSON.parse(annotated.out) as { artefacts: Record<string, string> };
  expect(Object.keys(artefacts)).toEqual(Object.keys(WORKLOADS).sort());
  const { out } = await run("logs", "platform-deploy", "--json");
  const payloads = out
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { jsonPayload: object }).jsonPayload);
  // The rollback's too, which runs the same code again.
  const actor = "somebody";
  expect(payloads).toContainEqual(
    expect.objectContaining({ actor, commit: expect.stringMatching(/^[0-9a-f]{40}$/), artefacts }),
  );
  expect(payloads).toContainEqual(expect.objectContaining({ actor, commit: "0123456789abcdef", artefacts }));
});

test("a teardown asks before it takes anything, goes on after it was killed, and leaves nothing at the CDN", async () => {
  const all = DOMAINS.length;
  const held = { domains: all, activations: all, certificates: all, keys: all };
  const unasked = await run("certificates", "teardown");
  expect(unasked).toMatchObject({ code: 1, err: "Nobody is there to be asked: give --yes.\n" });
  expect(unasked.out).toContain(`Of local, ${all} domains will be taken off the CDN`);
  expect(await heldAtFastly()).toEqual(held);

  const killed = startCommand(["certificates", "teardown", "--yes", "--state-dir", platform.stateDir]);
  await eventually("some removals to be asked for", 60, async () => {
    const gone = await Promise.all(DOMAINS.map((domain) => platform.show(domain)));
    return gone.some((domain) => domain?.state !== "active") ? true : undefined;
  });
  killed.kill("SIGKILL");
  const again = await run("certificates", "teardown", "--yes", "--json");
  expect(JSON.parse(again.out)).toMatchObject({ failed: [], left: 0 });
  expect(again.code).toBe(0);
  expect(await heldAtFastly()).toEqual({ domains: 0, activations: 0, certificates: 0, keys: 0 });

  const repeated = await run("certificates", "teardown");
  expect(repeated).toMatchObject({
    code: 0,
    out: expect.stringContaining("No domain is registered in local."),
  });
});

/** `npm run pulumi`, which must end well. @returns what it printed */
async function pulumi(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runCommand(["pulumi", "--state-dir", platform.stateDir, ...args]);
  expect({ args, code, told: code === 0 ? "" : out + err }).toEqual({ args, code: 0, told: "" });
  return out;
}

/** Which of the program's resources are in the cloud. What stays when its stack has let go of it has no URN. */
async function urnsInCloud(): Promise<readonly string[]> {
  const inventory = await inventoryOf(platform.cloud.status());
  return inventory.flatMap(({ urn }) => (urn === "" ? [] : [urn])).sort();
}

test("backups can be kept: with their bucket and key protected, a destroy takes all that runs, and no other command", async () => {
  const isKept = /(bucket:Bucket|cryptoKey:CryptoKey)::certs-backup$/;
  const kept = (await urnsInCloud()).filter((urn) => isKept.test(urn));
  expect(kept).toHaveLength(2);
  await pulumi("state", "protect", "--yes", ...kept);
  await pulumi("destroy", "--exclude-protected", "--yes", "--skip-preview");
  // With what the two were made after: services, accounts that are granted something on them, the key's ring.
  const needed = /(projects\/service(Identity)?|serviceaccount\/account|kms\/keyRing|time\/sleep):\w+::/;
  expect((await urnsInCloud()).filter((urn) => !needed.test(urn))).toEqual(kept);

  const file = join(platform.stateDir, "before-they-are-left.json");
  await pulumi("stack", "export", "--file", file);
  await pulumi("state", "delete", "--force", "--yes", ...kept);
  await pulumi("destroy", "--yes", "--skip-preview");
  expect(await urnsInCloud()).toEqual(kept);

  await pulumi("stack", "import", "--file", file);
  await pulumi("state", "unprotect", "--yes", ...kept);
});

test("after a teardown, a destroy leaves nothing of the platform", async () => {
  await pulumi("destroy", "--yes", "--skip-preview");
  const left = (await fastly(platform.cloud.status(), "GET", "/domain-management/v1/domains?limit=100")) as {
    data: readonly unknown[];
  };
  expect(left.data).toEqual([]);
  expect(await urnsInCloud()).toEqual([]);
});

/** What a runbook has somebody run, each once, as far as it is of use without a dead letter or a new domain. */
function runbookCommands(): readonly (readonly [line: string, command: readonly string[]])[] {
  const folder = join(REPOSITORY, "docs", "runbooks");
  const pages = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const blocks = pages.flatMap((page) =>
    [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, lines = ""]) => lines),
  );
  const lines = blocks.flatMap((block) => block.split("\n")).map((line) => line.replace(/\s+#.*$/, ""));
  const commands = [...new Set(lines)].flatMap((line): readonly string[] => {
    const [, command] = /^npm run (?!pulumi|preview)(.*)$/.exec(line) ?? [];
    const isElsewhere =
      command === undefined || / ID\b|--stack|--follow|domains -- (add|trace)/.test(command);
    return isElsewhere ? [] : [command];
  });
  return commands.map((command) => [`npm run ${command}`, command.replace(" -- ", " ").split(" ")]);
}
