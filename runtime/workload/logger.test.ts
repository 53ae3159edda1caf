import { inspect } from "node:util";
import { expect, test } from "@jest/globals";
import { createLogger, traceFields } from "./logger.ts";
import { Secret } from "./secret.ts";

const CANARY = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
const PEM = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`;

function capture() {
  const lines: string[] = [];
  const logger = createLogger(
    { K_SERVICE: "issuer", K_REVISION: "issuer-1" },
    { write: (line) => lines.push(line) },
  );
  return { logger, lines };
}

test("writes one line an event under the names that Google reads", () => {
  const { logger, lines } = capture();
  const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", sampled: true };
  logger.child(traceFields(trace)).warn({ domain: "shop.example.test" }, "Domain refused");
  logger.fatal("gone");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      severity: "WARNING",
      message: "Domain refused",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: "issuer",
      revision: "issuer-1",
      domain: "shop.example.test",
      "logging.googleapis.com/trace": trace.traceId,
      "logging.googleapis.com/spanId": trace.spanId,
      "logging.googleapis.com/trace_sampled": true,
    },
    expect.objectContaining({ severity: "CRITICAL", message: "gone" }),
  ]);
});

test("an error shows its text, its code and its cause", () => {
  const { logger, lines } = capture();
  logger.error(
    { error: new Error("outer", { cause: Object.assign(new Error("inner"), { code: "ECONNRESET" }) }) },
    "Failed",
  );
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    error: { message: "outer", cause: { message: "inner", code: "ECONNRESET" } },
  });
});

test.each<[string, unknown]>([
  ["in a field", { detail: PEM }],
  ["deep in a field", { a: { b: { c: [PEM] } } }],
  ["in an error's message", { error: new Error(`cannot use ${PEM}`) }],
  ["in an error's cause", { error: new Error("no", { cause: new Error(PEM) }) }],
  ["without its end", { detail: PEM.slice(0, 60) }],
  ["as a secret", { detail: new Secret(PEM), inside: { list: [new Secret(PEM)] } }],
  ["as a credential's field", { config: { headers: { authorization: CANARY, "Fastly-Key": CANARY } } }],
])("a private key never reaches the log %s", (_title, fields) => {
  const { logger, lines } = capture();
  logger.error(fields as object, "Failed");
  expect(lines.join("")).not.toContain(CANARY.slice(0, 20));
  expect(lines.join("")).toContain("[secret]");
  // What follows the key on its line is still there, and still JSON.
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "Failed" });
});

test("a key in the message itself is masked too", () => {
  const { logger, lines } = capture();
  logger.info(`used ${PEM} today`);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "used [secret]\n today" });
});

test("a secret shows nothing of itself but on demand", () => {
  const secret = new Secret(PEM);
  expect(
    `${secret} ${JSON.stringify({ secret })} ${inspect({ secret })} ${inspect(secret, { showHidden: true })}`,
  ).not.toContain(CANARY);
  expect(secret.reveal()).toBe(PEM);
});
