import { ApiClient } from "../../operator/api-client.ts";
import { exchange } from "../../operator/exchange.ts";
import type { GoogleDoor } from "../../operator/pubsub-client.ts";
import {
  type Door,
  projectOf,
  stackResourceSchema,
  stagesSchema,
  type Target,
} from "../../operator/target.ts";
import { Failure } from "../../operator/terminal/failure.ts";
import { control, requireCloud } from "../daemon/cloud-process.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { absoluteStateDir } from "../kernel/place.ts";
import { readCheckpoint } from "../pulumi/checkpoint.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";

const DEADLINE_MS = 35_000;

/** The operator's client of the platform in a local cloud. */
export class LocalApi extends ApiClient {
  readonly cloud: CloudStatus;

  /** @param outputs of the stack; resources of its state, where somebody asks for them */
  constructor(
    cloud: CloudStatus,
    outputs: Readonly<Record<string, unknown>>,
    resources: readonly object[] = [],
  ) {
    super(localTarget(cloud, outputs, resources));
    this.cloud = cloud;
  }

  /** @throws {Failure} when no cloud runs or no platform is in it. */
  static async open(stateDir: string): Promise<LocalApi> {
    const cloud = await requireCloud(stateDir);
    const state = readCheckpoint(absoluteStateDir(stateDir), LOCAL_STACK);
    return new LocalApi(cloud, state?.outputs ?? {}, state?.resources);
  }
}

/** What DNS would lead to, in a local cloud. */
export function edgeOf({ ports, caFile }: CloudStatus): Door {
  return { address: "127.0.0.1", port: ports.edgeHttps, caFile };
}

function localTarget(
  cloud: CloudStatus,
  outputs: Readonly<Record<string, unknown>>,
  resources: readonly object[],
): Target {
  const { apiUrl, apiAudience, operatorServiceAccount, backupBucket, backupKey, edgeHost } = outputs;
  if (
    typeof apiUrl !== "string" ||
    typeof apiAudience !== "string" ||
    typeof operatorServiceAccount !== "string"
  ) {
    throw new Failure("There is no platform in the local cloud yet: run npm run up.");
  }
  return {
    apiUrl: new URL(apiUrl),
    api: { address: "127.0.0.1", port: cloud.ports.loadBalancerHttps, caFile: cloud.caFile },
    edge: edgeOf(cloud),
    plain: {
      api: { address: "127.0.0.1", port: cloud.ports.loadBalancerHttp },
      edge: { address: "127.0.0.1", port: cloud.ports.edgeHttp },
    },
    ...(typeof edgeHost === "string" && { edgeHost }),
    resources: async () => stackResourceSchema.array().parse(resources),
    idToken: () => operatorToken(cloud, operatorServiceAccount, apiAudience),
    pubsub: () => operatorDoor(cloud, operatorServiceAccount),
    async logging() {
      const door = await operatorDoor(cloud, operatorServiceAccount);
      return { ...door, project: projectOf(operatorServiceAccount) };
    },
    stages: stagesSchema.safeParse(outputs.stages).data ?? {},
    async vault() {
      if (typeof backupBucket !== "string" || typeof backupKey !== "string") {
        throw new Failure("The local platform has no output backupKey yet: run npm run up.");
      }
      const { origin: endpoint } = await operatorDoor(cloud, operatorServiceAccount);
      return {
        bucket: backupBucket,
        key: backupKey,
        storageEndpoint: endpoint,
        kmsEndpoint: endpoint,
        tokens: { get: async () => "local" },
      };
    },
  };
}

/** What impersonation gives in production: the operator's own metadata port gives it here. */
async function operatorToken(cloud: CloudStatus, operator: string, audience: string): Promise<string> {
  const { text } = await exchange({
    port: await operatorPort(cloud, operator),
    path: `/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(audience)}`,
    headers: { "metadata-flavor": "Google" },
    deadlineMs: DEADLINE_MS,
  });
  return text;
}

/** A port of the operator's own is its identity: no token is asked for there. */
async function operatorDoor(cloud: CloudStatus, operator: string): Promise<GoogleDoor> {
  return { origin: `http://127.0.0.1:${await operatorPort(cloud, operator)}` };
}

/** Where Google's APIs know the caller for the operator. */
async function operatorPort({ ports }: CloudStatus, operator: string): Promise<number> {
  const identity = `/identities/${encodeURIComponent(operator)}`;
  const { http } = (await control(ports.control, "GET", identity)) as { http: number };
  return http;
}
