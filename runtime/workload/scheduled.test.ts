import { beforeEach, expect, test } from "@jest/globals";
import { createLogger } from "./logger.ts";
import { type Round, scheduledRoute } from "./scheduled.ts";

const ACCOUNT = "scheduler@project.iam.gserviceaccount.com";

let rounds: Round[];
let lines: string[];
let work: () => Promise<Record<string, unknown>>;
let app: ReturnType<typeof scheduledRoute>;

beforeEach(() => {
  rounds = [];
  lines = [];
  work = async () => ({});
  app = scheduledRoute({
    serviceAccount: ACCOUNT,
    logger: createLogger({ K_SERVICE: "watcher", K_REVISION: "1" }, { write: (line) => lines.push(line) }),
    deadlineMs: 60_000,
    run: (round) => {
      rounds.push(round);
      return work();
    },
  });
});

const token = (email: string) => {
  const claims = { aud: "https://w.a.run.app", email, email_verified: true };
  return `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.SIGNATURE_REMOVED_BY_GOOGLE`;
};
const call = (email: string | undefined = ACCOUNT) =>
  app.request("/", { method: "POST", headers: email ? { authorization: token(email) } : {} });

test("a round that is done is 204, and says in one line what it did", async () => {
  work = async () => ({ domains: { total: 3 } });
  expect((await call()).status).toBe(204);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { severity: "INFO", message: "Round done", outcome: "done", domains: { total: 3 }, span: { calls: [] } },
  ]);
});

test("a round that fails is 503, and the next one is as if nothing had been", async () => {
  work = async () => {
    throw new Error("Storage is away.");
  };
  expect((await call()).status).toBe(503);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { severity: "ERROR", message: "Round failed", outcome: "retry", error: { message: "Storage is away." } },
  ]);
  work = async () => ({});
  expect((await call()).status).toBe(204);
});

test("a call during a round starts no other", async () => {
  let finish = () => {};
  work = () => new Promise((resolve) => (finish = () => resolve({})));
  const first = call();
  expect((await call()).status).toBe(204);
  expect(rounds).toHaveLength(1);
  finish();
  expect((await first).status).toBe(204);
});

test("only the scheduler's account starts a round", async () => {
  expect((await call("")).status).toBe(401);
  expect((await call("mallory@project.iam.gserviceaccount.com")).status).toBe(403);
  expect(rounds).toEqual([]);
});
