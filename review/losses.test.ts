import { expect, test } from "@jest/globals";
import { type Holding, lossesIn, type PlannedStep } from "./losses.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const TOPIC = "gcp:pubsub/topic:Topic";
const HOLDINGS: Readonly<Record<string, Holding>> = { [BUCKET]: "data" };
const urn = (name: string, type = BUCKET, parent = "") =>
  `urn:pulumi:prod::platform::${parent}${type}::${name}`;
const losses = (...steps: readonly PlannedStep[]) =>
  lossesIn(
    steps,
    (type) => HOLDINGS[type],
    (made) => (made.endsWith("::moved") ? "components/stores.ts:7" : undefined),
  ).map(({ message }) => message);

test("a kind that holds nothing may go, and one that holds data may be made, changed and read", () => {
  const ops = ["create", "update", "same", "read"].map((op) => ({ op, urn: urn(op) }));
  expect(losses({ op: "delete", urn: urn("orders", TOPIC) }, ...ops)).toEqual([]);
});

test("a replacement of what holds data names what forces it", () => {
  expect(losses({ op: "replace", urn: urn("backups"), keys: ["location"] })).toEqual([
    `Resource "backups" (${BUCKET}) would be replaced because of location: it holds data, which goes with it.`,
  ]);
});

test("a deletion says so, and no alias where nothing of its type is made", () => {
  expect(losses({ op: "delete", urn: urn("backups") }, { op: "create", urn: urn("backups", TOPIC) })).toEqual(
    [`Resource "backups" (${BUCKET}) would be deleted: it holds data, which goes with it.`],
  );
});

test.each([
  ["renamed", urn("moved"), ` If "moved" at components/stores.ts:7 is the same one`],
  ["moved below another parent", urn("backups", BUCKET, "platform:x:Y$"), ' If "backups" is the same one'],
])("one that was %s is told with the alias that would keep it", (_, heir, advice) => {
  const [message] = losses({ op: "create", urn: heir }, { op: "delete", urn: urn("backups") });
  expect(message).toContain(`${advice}, moved or renamed, give that aliases: ["${urn("backups")}"].`);
});

test("of several that are made, the one of its name is meant, or the one that is named most alike, or none", () => {
  const strangers = ["one", "two"].map((name) => ({ op: "create", urn: urn(name) }));
  expect(losses({ op: "delete", urn: urn("backups") }, ...strangers)[0]).not.toContain("aliases");
  const cousin = { op: "create", urn: urn("backup-copies") };
  expect(losses({ op: "delete", urn: urn("backups") }, ...strangers, cousin)[0]).toContain(
    'If "backup-copies"',
  );
  const namesake = { op: "create", urn: urn("backups", BUCKET, "platform:x:Y$") };
  expect(losses({ op: "delete", urn: urn("backups") }, ...strangers, namesake)[0]).toContain('If "backups"');
});
