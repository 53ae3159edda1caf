import { join } from "node:path";
import type { PolicyEvent } from "@pulumi/pulumi/automation/index.js";
import { readStackConfig } from "../../local/command-line/stack-config.ts";
import { REPOSITORY } from "../../local/kernel/place.ts";
import { serveOffline } from "../../local/pulumi/offline-providers.ts";
import { previewWorkspace } from "../../local/pulumi/preview-workspaces.ts";
import { Program } from "../../local/pulumi/program.ts";
import { CliFailure } from "../../local/pulumi/pulumi-cli.ts";

/**
 * Previews a stack under Pulumi's own CLI with the policy pack, and prints what came of it:
 * `node preview-with-pack.ts PROGRAM STACK STATE`.
 */
const [folder = "", stack = "", stateDir = ""] = process.argv.slice(2);
const program = new Program(folder);
const workspace = await previewWorkspace(stateDir, stack, program, readStackConfig(stack, {}, folder), {
  kind: "nothing",
});
await using providers = await serveOffline(false);
const pack = join(REPOSITORY, "review", "policies", "pack", "index.mts");
const opened = await workspace.open(program, providers.ports, ["--policy-pack", pack]);
const violations: PolicyEvent[] = [];
let shown = "";
let failed = false;
try {
  await opened.preview({
    onEvent: ({ policyEvent }) => {
      if (policyEvent) violations.push(policyEvent);
    },
    onOutput: (text) => {
      shown += text;
    },
  });
} catch (error) {
  if (!(error instanceof CliFailure)) throw error;
  failed = true;
  shown += error.message;
}
process.stdout.write(JSON.stringify({ failed, violations, shown }));
