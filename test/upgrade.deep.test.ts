import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { probeEdge } from "../local/command-line/edge-probe.ts";
import { EditedPlatform } from "./support/edited-platform.ts";
import { eventually, type LocalPlatform } from "./support/local-platform.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVED = "served.example.test";
const DOMAINS = 100;
/** People at the edge, each with one request at a time. */
const VISITORS = 4;
const RECOVERY_SECONDS = 240;
/** One line of each workload that is at work meanwhile. */
const EDITS: readonly (readonly [string, string, string])[] = [
  ["runtime/certificates/hosting/page.ts", "<p>This domain", '<p data-edited="yes">This domain'],
  ["runtime/certificates/certificate-issuer/issue.ts", '"Certificate active"', '"Certificate is active"'],
  ["runtime/certificates/domain-validator/validate-domain.ts", '"Domain refused"', '"Domain is refused"'],
  ["runtime/certificates/domain-api/app.ts", "stands on did not answer", "needs did not answer"],
];

let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make();
  platform = edited.platform;
  await platform.settle(SERVED, ["active"]);
}, 180_000);

afterAll(() => edited[Symbol.asyncDispose]());

test("an up under way loses no message and no request, of customers or of their visitors", async () => {
  const names = Array.from({ length: DOMAINS }, (_, index) => `moving-${index}.example.test`);
  const failures: string[] = [];
  const pages = { before: 0, after: 0 };
  let isOver = false;
  const visitors = Array.from({ length: VISITORS }, async () => {
    while (!isOver) {
      const { status, page } = await probeEdge(platform.cloud.status(), SERVED).catch((error: Error) => {
        return { status: 0, page: error.message };
      });
      if (status !== 200) failures.push(`${status} ${page}`);
      else pages[page.includes("data-edited") ? "after" : "before"] += 1;
    }
  });

  const registering = Promise.all(names.map((name) => platform.register(name)));
  for (const edit of EDITS) await edited.program.edit(...edit);
  const { changeSummary } = await edited.update();
  expect(changeSummary).toMatchObject({ create: EDITS.length, update: EDITS.length, delete: EDITS.length });
  await registering;
  await eventually("the new page", 60, () => (pages.after > 0 ? true : undefined));
  isOver = true;
  await Promise.all(visitors);

  for (const name of names) {
    const { state, reason, orderNumber } = await platform.reach(name, ["active", "failed"], RECOVERY_SECONDS);
    expect({ name, state, reason, orderNumber }).toEqual({
      name,
      state: "active",
      reason: null,
      orderNumber: 1,
    });
  }
  await eventually("all messages to be done", RECOVERY_SECONDS, () => (backlog() === 0 ? true : undefined));
  expect(failures).toEqual([]);
  expect(pages.before).toBeGreaterThan(0);
}, 600_000);

/** Of all subscriptions, those to dead letters among them. */
function backlog(): number {
  const subscriptions = platform.cloud.kernel.resources.list(SUBSCRIPTION);
  return subscriptions.reduce((sum, { id }) => sum + platform.cloud.pubsub.backlog(id), 0);
}
