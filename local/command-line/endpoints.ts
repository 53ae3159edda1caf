import type { CloudStatus } from "../cloud/control.ts";
import { readStack } from "../engine/read-stack.ts";
import { absoluteStateDir, LOCAL_STACK } from "./place.ts";

/** Where a person or a script reaches the platform on this machine. */
export interface Endpoints {
  readonly api: string;
  readonly edgeHttp: string;
  readonly edgeHttps: string;
}

/** The API answers by its own name alone, which leads to this machine: `*.localhost` does everywhere. */
export function endpointsOf({ ports }: CloudStatus, apiUrl: unknown): Endpoints {
  const apiHost = typeof apiUrl === "string" ? new URL(apiUrl).hostname : "127.0.0.1";
  return {
    api: `https://${apiHost}:${ports.loadBalancerHttps}`,
    edgeHttp: `http://127.0.0.1:${ports.edgeHttp}`,
    edgeHttps: `https://127.0.0.1:${ports.edgeHttps}`,
  };
}

/** As `endpointsOf`, with the API's name from the stack's outputs. */
export function currentEndpoints(cloud: CloudStatus, stateDir: string): Endpoints {
  return endpointsOf(cloud, readStack(absoluteStateDir(stateDir), LOCAL_STACK)?.outputs.apiUrl);
}
