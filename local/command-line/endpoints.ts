import type { CloudStatus } from "../daemon/control.ts";
import { absoluteStateDir } from "../kernel/place.ts";
import { readCheckpoint } from "../pulumi/checkpoint.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";

/** Where a person or a script reaches the platform on this machine. */
export interface Endpoints {
  readonly api: string;
  readonly edgeHttp: string;
  readonly edgeHttps: string;
}

/**
 * The API answers by its own name alone, which is in the stack's outputs and leads to this machine:
 * `*.localhost` does everywhere. A stack that was never made has no name for it yet.
 */
export function currentEndpoints({ ports }: CloudStatus, stateDir: string): Endpoints {
  const apiUrl = readCheckpoint(absoluteStateDir(stateDir), LOCAL_STACK)?.outputs.apiUrl;
  const apiHost = typeof apiUrl === "string" ? new URL(apiUrl).hostname : "127.0.0.1";
  return {
    api: `https://${apiHost}:${ports.loadBalancerHttps}`,
    edgeHttp: `http://127.0.0.1:${ports.edgeHttp}`,
    edgeHttps: `https://127.0.0.1:${ports.edgeHttps}`,
  };
}
