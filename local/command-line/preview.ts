import { portsFrom } from "../cloud/kernel/claim-ports.ts";
import { runUpdate } from "../engine/engine.ts";
import { findCloud } from "./cloud-process.ts";
import { interruptible } from "./interruptible.ts";
import { serveOffline } from "./offline-providers.ts";
import { printJson, progressStream } from "./output.ts";
import { absoluteStateDir, LOCAL_STACK, type Place, PROJECT, REPOSITORY } from "./place.ts";
import { readLocalConfig, SECRET_KEYS } from "./stack-config.ts";
import { UpdateDisplay } from "./update-display.ts";

interface Options extends Place {
  readonly config: Record<string, string>;
  readonly json?: boolean;
}

/** Plans against the stack's state with providers that have no cloud behind them. */
export async function preview(options: Options): Promise<void> {
  const cloud = await findCloud(options.stateDir);
  const display = new UpdateDisplay(progressStream(options.json), "preview");
  await using providers = await serveOffline();
  const result = await interruptible((signal) =>
    runUpdate({
      kind: "preview",
      project: PROJECT,
      stack: LOCAL_STACK,
      programDir: REPOSITORY,
      config: readLocalConfig(options.config, cloud?.ports ?? portsFrom(options.portBase)),
      secretKeys: SECRET_KEYS,
      stateDir: absoluteStateDir(options.stateDir),
      providers: providers.ports,
      signal,
      onEvent: (event) => display.show(event),
    }),
  );
  display.end(result);
  if (options.json) printJson({ steps: result.steps, changeSummary: result.changeSummary });
  process.exitCode = result.exitCode;
}
