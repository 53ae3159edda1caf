import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { FUNCTION_KIND } from "./function-service.ts";
import { INVOKER, TestBench } from "./testing/bench.ts";

const FRAMEWORK = "@google-cloud/functions-framework";
const SECRET = "projects/p/secrets/token";
/** Answers with what a function sees. */
const MIRROR = `
const reach = (name) => { try { require(name); return true; } catch { return false; } };
exports.handler = (request, response) => {
  const { K_SERVICE, K_REVISION, FUNCTION_TARGET, COLOUR, TOKEN } = process.env;
  const env = { K_SERVICE, K_REVISION, FUNCTION_TARGET, COLOUR, TOKEN };
  const body = String(request.rawBody ?? "");
  const reached = ["${FRAMEWORK}", "zod"].filter(reach);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ method: request.method, url: request.url, body, env, reached }));
};`;

let bench: TestBench;
/** Functions that were broken so far: each has a name of its own. */
let broken = 0;

beforeAll(async () => {
  bench = await TestBench.open({ startupDeadlineMs: 20_000 });
  bench.grant(
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    { secretId: SECRET },
    "roles/secretmanager.secretAccessor",
    "serviceAccount:echo@p.iam.gserviceaccount.com",
  );
});

afterAll(() => bench.close());

test("serves under Google's framework, with its variables and secrets, and nothing else in reach", async () => {
  const service = bench.putFunction(
    "mirror",
    { "index.js": MIRROR, "package.json": manifest({ [FRAMEWORK]: installedVersion() }) },
    {
      environmentVariables: { COLOUR: "blue" },
      secretEnvironmentVariables: [{ key: "TOKEN", projectId: "p", secret: "token", version: "2" }],
    },
  );
  await bench.run.ready(service);
  expect((await bench.call("mirror")).status).toBe(403);

  bench.allowInvoker("mirror", `serviceAccount:${INVOKER}`);
  const authorization = `Bearer ${await bench.kernel.tokens.idToken(INVOKER, bench.uri("mirror"))}`;
  const answer = await bench.call("mirror", {
    method: "POST",
    path: "/deep/path?q=1",
    headers: { authorization, "content-type": "application/json" },
    body: '{"domain": "a.test"}',
  });

  expect(JSON.parse(answer.body)).toEqual({
    method: "POST",
    url: "/deep/path?q=1",
    body: '{"domain": "a.test"}',
    env: {
      K_SERVICE: "mirror",
      K_REVISION: expect.stringMatching(/^mirror-00001-/),
      FUNCTION_TARGET: "handler",
      COLOUR: "blue",
      TOKEN: `${SECRET}@2`,
    },
    reached: [FRAMEWORK],
  });
});

test("keeps the ingress of a function, and ends with it", async () => {
  const settings = { ingressSettings: "ALLOW_INTERNAL_ONLY" };
  // Without a manifest, as Google's build adds the framework then.
  const service = bench.putFunction("inner", { "index.js": MIRROR }, settings);
  bench.allowInvoker("inner", "allUsers");
  await bench.run.ready(service);
  const push = () =>
    bench.run.post(bench.uri("inner"), { headers: {}, body: Buffer.of(), deadlineMs: 10_000 });
  expect((await bench.call("inner")).status).toBe(404);
  expect((await push()).status).toBe(200);

  bench.kernel.resources.remove(FUNCTION_KIND, service.replace("/services/", "/functions/"));
  expect((await push()).status).toBe(404);
});

test.each<[title: string, files: Record<string, string>, reason: RegExp]>([
  [
    "another dependency",
    { "index.js": MIRROR, "package.json": manifest({ zod: "4.6.7" }) },
    /asks for zod 4\.6\.7/,
  ],
  [
    "another version of the framework",
    { "index.js": MIRROR, "package.json": manifest({ [FRAMEWORK]: "^1.0.0" }) },
    /asks for @google-cloud\/functions-framework \^1\.0\.0; the local build installs .* alone/,
  ],
  ["no main file", { "package.json": manifest({}) }, /there is no index\.js in the function's source/],
  ["a broken manifest", { "index.js": MIRROR, "package.json": "{" }, /package\.json is not JSON/],
  [
    "no such export",
    { "index.js": "exports.other = () => {};" },
    /'handler' is not defined in the provided module/,
  ],
  ["a file outside", { "../index.js": MIRROR }, /"\.\.\/index\.js" is outside the archive's folder/],
])("fails a deployment with %s", async (_, files, reason) => {
  broken += 1;
  await expect(bench.run.ready(bench.putFunction(`broken-${broken}`, files))).rejects.toThrow(reason);
});

function manifest(dependencies: Readonly<Record<string, string>>): string {
  return JSON.stringify({ main: "index.js", dependencies });
}

function installedVersion(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(FRAMEWORK);
  return require(entry.replace(/(functions-framework).*$/, "$1/package.json")).version;
}
