import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { runCommand } from "./support/command-line.ts";
import { countAtFastly, emptyFastly, forgetActivations } from "./support/fastly-activations.ts";
import { LocalPlatform } from "./support/local-platform.ts";

const DOMAINS = Array.from({ length: 24 }, (_, index) => `drill-${index}.example.test`);

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  await platform.update();
  await Promise.all(DOMAINS.map((domain) => platform.register(domain)));
  for (const domain of DOMAINS) await platform.reach(domain, ["active"]);
});

afterAll(() => platform.stop());

async function certificates(...args: string[]) {
  const { code, out, err } = await runCommand([
    "certificates",
    ...args,
    "--json",
    "--state-dir",
    platform.stateDir,
  ]);
  return { code, err, ...JSON.parse(out) };
}

const serials = () =>
  Promise.all(
    DOMAINS.map((domain) =>
      probeEdge(edgeOf(platform.cloud.status()), domain).then(
        ({ serialNumber }) => serialNumber,
        () => "none",
      ),
    ),
  );

test("brings every certificate back to a CDN that lost all of them, without an order, and proves it", async () => {
  const before = await serials();
  const orders = platform.entries.length;
  expect(await certificates("verify", "--all")).toMatchObject({ code: 0, agree: DOMAINS.length });

  await emptyFastly(platform.cloud.status());
  expect(new Set(await serials())).toEqual(new Set(["none"]));
  const { code, disagree } = await certificates("verify", "--all");
  expect(code).toBe(1);
  expect(disagree).toHaveLength(DOMAINS.length);
  expect(disagree[0].disagreements).toContainEqual({
    what: "The CDN has no certificate for the name.",
    next: `npm run certificates -- restore ${disagree[0].domain} brings the backup there.`,
  });

  const restored = await certificates("restore", "--all");
  expect(restored).toMatchObject({ code: 0, domains: DOMAINS.length, restored: DOMAINS.length, failed: [] });
  expect(restored.err).toContain(`${DOMAINS.length} of ${DOMAINS.length}`);
  expect(await serials()).toEqual(before);
  expect(await certificates("verify", "--all")).toMatchObject({
    code: 0,
    agree: DOMAINS.length,
    disagree: [],
  });
  expect(platform.entries.slice(orders).filter(({ message }) => message === "Certificate active")).toEqual(
    [],
  );
});

test("goes on where some are back already, and makes nothing twice", async () => {
  const [lost = ""] = DOMAINS;
  await forgetActivations(platform.cloud.status(), lost);

  expect(await certificates("restore", "--all")).toMatchObject({
    code: 0,
    restored: 1,
    atTheEdge: DOMAINS.length - 1,
  });
  expect(await countAtFastly(platform.cloud.status(), "certificates")).toBe(DOMAINS.length);
  expect(await countAtFastly(platform.cloud.status(), "private_keys")).toBe(DOMAINS.length);
});

test("names what to do about one of them", async () => {
  const [lost = ""] = DOMAINS;
  await forgetActivations(platform.cloud.status(), lost);
  const before = await runCommand(["certificates", "verify", lost, "--state-dir", platform.stateDir]);
  expect(before.code).toBe(1);
  expect(before.out).toContain(`npm run certificates -- restore ${lost} brings the backup there.`);

  expect(await certificates("restore", lost)).toMatchObject({ code: 0, domain: lost });
  expect(await certificates("verify", lost)).toMatchObject({ code: 0, agree: 1 });
});

test("renews one before its time, and then, of all, those that were issued before", async () => {
  const [one = "", ...others] = DOMAINS;
  const [before] = await serials();
  const since = new Date().toISOString();
  const place = ["--json", "--state-dir", platform.stateDir];
  const renewed = await runCommand(["domains", "renew", one, "--reason", "keyCompromise", ...place]);
  expect(JSON.parse(renewed.out)).toEqual({ domain: one, outcome: "renewed", reason: null });
  const [after] = await serials();
  expect(after).not.toBe(before);

  const plan = await runCommand(["domains", "renew", "--all", "--since", since, "--dry-run", ...place]);
  expect(JSON.parse(plan.out)).toMatchObject({ domains: expect.arrayContaining(others) });
  const all = await runCommand(["domains", "renew", "--all", "--since", since, ...place]);
  expect(JSON.parse(all.out)).toMatchObject({ failed: [], left: 0 });
  expect((await serials())[0]).toBe(after);
});
