import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY } from "../kernel/place.ts";

/** The one stack that this machine makes real. */
export const LOCAL_STACK = "local";
/** The project's name in Pulumi.yaml. */
export const PROJECT = "platform";

/** The folder of the program's Pulumi.yaml. */
export function programFolder(cwd = REPOSITORY): string {
  return realpathSync(resolve(cwd));
}
