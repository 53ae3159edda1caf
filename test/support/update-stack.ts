import { PROJECT, REPOSITORY } from "../../local/command-line/place.ts";
import { readLocalConfig, SECRET_KEYS } from "../../local/command-line/stack-config.ts";
import { runUpdate } from "../../local/engine/engine.ts";
import type { EngineEvent, UpdateResult } from "../../local/engine/events.ts";
import type { Ports } from "../../local/kernel/contract.ts";

export interface UpdateSettings {
  readonly kind?: "up" | "preview" | "destroy";
  /** The folder of Pulumi.yaml. @default this repository */
  readonly programDir?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * Runs the program against the cloud on these ports.
 *
 * @throws with all that the update told, when it failed.
 */
export async function updateStack(
  { stateDir, ports }: { readonly stateDir: string; readonly ports: Ports },
  { kind = "up", programDir = REPOSITORY, config = {} }: UpdateSettings,
): Promise<UpdateResult> {
  const told: string[] = [];
  const result = await runUpdate({
    kind,
    project: PROJECT,
    stack: "local",
    programDir,
    config: readLocalConfig(config, ports),
    secretKeys: SECRET_KEYS,
    stateDir,
    providers: { gcp: ports.gcpProvider, fastly: ports.fastlyProvider },
    onEvent: (event: EngineEvent) => {
      if (event.type === "diagnostic") told.push(event.message);
    },
  });
  if (!result.ok) throw new Error(`The update failed:\n${told.join("\n")}`);
  return result;
}
