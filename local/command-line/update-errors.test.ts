import { expect, test } from "@jest/globals";
import { RevisionFailed } from "../kernel/refusals.ts";
import { briefly } from "./update-errors.ts";

const URN = "urn:pulumi:local::platform::gcp:cloudrunv2/service:Service::api";
const FRAMES = ["    at JSON.parse (<anonymous>)", "    at node:internal/main:33:47", "Node.js v24.9.0"];

const failed = (logs: readonly string[], revision = "api-1f2e3d4-00001-abc") =>
  new RevisionFailed(revision, "failed: its instance exited with code 1", logs).message;

const entry = (severity: string, message: string) =>
  JSON.stringify({ severity, message, error: { stack: "Error: …" } });

test.each([
  [[entry("CRITICAL", "no template"), entry("INFO", "bye")], "no template"],
  [
    ["<anonymous_script>:1", "{oops", " ^", "SyntaxError: Expected '}'", ...FRAMES],
    "SyntaxError: Expected '}'",
  ],
  [[entry("ERROR", "first"), "Error [ERR_X]: second", ...FRAMES], "Error [ERR_X]: second"],
  [
    [entry("ERROR", "two mistakes:\n  A must be set\n  B must be set")],
    "two mistakes: A must be set B must be set",
  ],
  [["thinking", "null", "Segmentation fault", ""], "Segmentation fault"],
])("tells a failed revision by its own last error, of %j", (logs, error) => {
  expect(briefly(failed(logs), URN)).toBe(
    `Revision "api-1f2e3d4-00001-abc" failed: its instance exited with code 1: ${error} (npm run logs -- api shows all that it said)`,
  );
});

test("names the source of its log where that has another name than the resource", () => {
  expect(briefly(failed(["Error: a"], "orders-00001-abc"), URN)).toContain("npm run logs -- orders shows");
});

test.each([failed([]), "Error 409: Bucket exists.\n{}"])("leaves %j as it is", (message) => {
  expect(briefly(message, URN)).toBe(message);
});
