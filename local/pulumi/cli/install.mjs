// Has Pulumi's Automation API install the CLI that goes with the SDK, into `pulumi-cli` of the folder that is named.
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

await PulumiCommand.install({ root: join(process.argv[2] ?? ".", "pulumi-cli") });
