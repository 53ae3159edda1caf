import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { interruptible } from "../../operator/terminal/interruptible.ts";
import { wantsColour } from "../../operator/terminal/output.ts";
import { findCloud, requireCloud } from "../daemon/cloud-process.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { absoluteStateDir, type Place, REPOSITORY } from "../kernel/place.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";
import { Program } from "../pulumi/program.ts";
import { CliFailure, PULUMI, surroundings } from "../pulumi/pulumi-cli.ts";
import { type ProviderPorts, Workspace } from "../pulumi/workspace.ts";

/** What acts on the cloud. */
const NEED_CLOUD = ["up", "update", "preview", "refresh", "destroy", "import", "watch"];

/** What runs the program: in this process, so that no language plugin is needed. */
const RUN_PROGRAM = ["up", "preview"];

/** Runs Pulumi's CLI on the local stack's backend, with the terminal as it is. */
export async function pulumi(args: readonly string[], { stateDir }: Place): Promise<void> {
  const workspace = Workspace.local(absoluteStateDir(stateDir), LOCAL_STACK);
  if (!existsSync(workspace.folder)) throw new Failure("There is no local stack yet: npm run up makes it.");
  const needsCloud = NEED_CLOUD.includes(args[0] ?? "");
  const cloud = await (needsCloud ? requireCloud(stateDir) : findCloud(stateDir));
  if (cloud && RUN_PROGRAM.includes(args[0] ?? "")) {
    await runWithProgram(workspace, cloud, args);
    return;
  }
  const child = spawn(PULUMI, args, {
    cwd: workspace.folder,
    env: { ...surroundings(), ...workspace.environment(cloud && portsOf(cloud)), PULUMI_STACK: LOCAL_STACK },
    stdio: "inherit",
  });
  // A terminal sends ^C to both; the CLI decides when it has finished.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
}

async function runWithProgram(
  workspace: Workspace,
  cloud: CloudStatus,
  [command, ...flags]: readonly string[],
): Promise<void> {
  const stack = await workspace.open(new Program(REPOSITORY), portsOf(cloud), [
    ...["--color", wantsColour() ? "always" : "never"],
    ...flags,
  ]);
  const ended = await interruptible(async (signal) => {
    const display = {
      onOutput: (text: string) => process.stdout.write(text),
      onError: (text: string) => process.stderr.write(text),
      signal,
    };
    try {
      await (command === "up" ? stack.up(display) : stack.preview(display));
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      // It has told why.
      process.exitCode = error.result.code;
    }
  });
  if (ended.interrupted) process.exitCode = EXIT.interrupted;
}

export function portsOf({
  ports,
}: {
  ports: { gcpProvider: number; fastlyProvider: number };
}): ProviderPorts {
  return { gcp: ports.gcpProvider, fastly: ports.fastlyProvider };
}
