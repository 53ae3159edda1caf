import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

const PROGRAM = `
  const pulumi = require("@pulumi/pulumi");
  require("@pulumi/pulumi/cmd/run/tracing");
  const loaded = () =>
    Object.keys(require.cache).filter((file) => /(arborist|typescript|sdk-trace-node)[/]/.test(file)).length;
  const before = loaded();
  const step = 41;
  pulumi.runtime
    .serializeFunction((value) => value + step)
    .then(({ text }) => console.log(JSON.stringify({ before, after: loaded(), text })));
`;

test("the SDK's compiler is loaded once a function is to become code, and not before", async () => {
  const preload = new URL("./program-preload.ts", import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", preload, "-e", PROGRAM], {
    cwd: import.meta.dirname,
  });
  const { before, after, text } = JSON.parse(stdout);
  expect(before).toBe(0);
  expect(after).toBeGreaterThan(0);
  expect(text).toContain("(value) => value + step");
}, 60_000);
