import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { AlertReceiver } from "./alert-receiver.ts";

const WEBHOOK = "/services/T0/B0/x";
const ENVELOPE = "/api/7/envelope/?sentry_key=k";

let stateDir: string;
let kernel: OwnedKernel;
let receiver: AlertReceiver;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "alert-receiver-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  receiver = new AlertReceiver(kernel);
  await receiver.start();
});
afterAll(async () => {
  await receiver.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; headers: object; text: string }>((resolve, reject) => {
    const { alertReceiver: port } = kernel.ports;
    const options = { host: "127.0.0.1", servername: "localhost", port, path, method: "POST", headers };
    const sent = request({ ...options, ca: kernel.authority.rootPem, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

const message = (blocks: unknown) => JSON.stringify({ text: "A domain expires", blocks });
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });
const envelope = (event: object) =>
  [{ event_id: "e" }, { type: "event" }, event].map((line) => JSON.stringify(line)).join("\n");
const event = { event_id: "0a", message: "A domain expires", tags: { domain: "a.test" } };

test("keeps Slack's messages and Sentry's events, in order, each event once", async () => {
  expect(await post(WEBHOOK, message([section("4 days are left.")]))).toMatchObject({
    status: 200,
    text: "ok",
  });
  expect(await post(ENVELOPE, envelope(event))).toMatchObject({ status: 200, text: '{"id":"0a"}' });
  const zipped = gzipSync(envelope(event));
  expect(await post(ENVELOPE, zipped, { "content-encoding": "gzip" })).toMatchObject({ status: 200 });

  expect(receiver.notices()).toMatchObject([
    { receiver: "slack", title: "A domain expires", payload: { blocks: [section("4 days are left.")] } },
    { receiver: "sentry", title: "A domain expires", tags: { domain: "a.test" }, payload: event },
  ]);
});

describe("refuses, in Slack's words,", () => {
  test.each([
    ["what is no JSON", "{", "invalid_payload"],
    ["a message without text", "{}", "no_text"],
    ["blocks that are no list", message({}), "invalid_blocks"],
    ["an unknown block", message([{ type: "poem" }]), "invalid_blocks"],
    ["51 blocks", message(Array.from({ length: 51 }, () => section("x"))), "invalid_blocks"],
    ["a section of 3,001 characters", message([section("x".repeat(3_001))]), "invalid_blocks"],
    ["an empty section", message([section("")]), "invalid_blocks"],
    [
      "a header in markup",
      message([{ type: "header", text: { type: "mrkdwn", text: "x" } }]),
      "invalid_blocks",
    ],
    [
      "a header of 151 characters",
      message([{ type: "header", text: { type: "plain_text", text: "x".repeat(151) } }]),
      "invalid_blocks",
    ],
  ])("%s", async (_, body, text) => {
    expect(await post(WEBHOOK, body)).toMatchObject({ status: 400, text });
  });
});

test("refuses what is no envelope, and has no other paths", async () => {
  expect(await post(ENVELOPE, "no envelope")).toMatchObject({ status: 400 });
  expect(await post("/services/T0", message([]))).toMatchObject({ status: 404, text: "no_service" });
});

test("answers as it is told, as often as it is told", async () => {
  receiver.failNext({ status: 429, headers: { "retry-after": "30" }, times: 1 });
  expect(await post(WEBHOOK, message([section("x")]))).toMatchObject({
    status: 429,
    headers: { "retry-after": "30" },
  });
  expect(await post(WEBHOOK, message([section("x")]))).toMatchObject({ status: 200 });
});
