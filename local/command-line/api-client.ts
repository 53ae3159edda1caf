import { readFileSync } from "node:fs";
import type { CloudStatus } from "../daemon/control.ts";
import { readCheckpoint } from "../pulumi/checkpoint.ts";
import { control, requireCloud } from "./cloud-process.ts";
import { exchange } from "./exchange.ts";
import { Failure } from "./failure.ts";
import { absoluteStateDir, LOCAL_STACK } from "./place.ts";

const DEADLINE_MS = 35_000;

export interface DomainResource {
  readonly domain: string;
  readonly state: string;
  readonly reason: string | null;
  readonly orderNumber: number;
  readonly notAfter: string | null;
  readonly retryAt: string | null;
  readonly normalizedFrom?: string;
  readonly phases: readonly { readonly phase: string; readonly at: string }[];
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Speaks to the domain API as the platform's operator, through the load balancer like everyone else. */
export class ApiClient {
  readonly cloud: CloudStatus;
  readonly #apiUrl: URL;
  readonly #audience: string;
  readonly #operator: string;
  #token: string | undefined;

  /** @param outputs of the stack; `operatorServiceAccount` is the account that calls. */
  constructor(
    cloud: CloudStatus,
    outputs: { apiUrl: string; apiAudience: string; operatorServiceAccount: string },
  ) {
    this.cloud = cloud;
    this.#apiUrl = new URL(outputs.apiUrl);
    this.#audience = outputs.apiAudience;
    this.#operator = outputs.operatorServiceAccount;
  }

  /** @throws {Failure} when no cloud runs or no platform is in it. */
  static async open(stateDir: string): Promise<ApiClient> {
    const cloud = await requireCloud(stateDir);
    const outputs = readCheckpoint(absoluteStateDir(stateDir), LOCAL_STACK)?.outputs ?? {};
    const { apiUrl, apiAudience, operatorServiceAccount } = outputs;
    if (
      typeof apiUrl !== "string" ||
      typeof apiAudience !== "string" ||
      typeof operatorServiceAccount !== "string"
    ) {
      throw new Failure("There is no platform in the local cloud yet: run npm run up.");
    }
    return new ApiClient(cloud, { apiUrl, apiAudience, operatorServiceAccount });
  }

  /** @throws {Failure} with the problem's detail, for every status of 400 or more. */
  async call(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<Answer> {
    return accepted(await this.send(method, path, body), `${method} ${path}`);
  }

  /** As `call`, with undefined for 404. */
  async find(path: string): Promise<unknown> {
    const answer = await this.send("GET", path);
    return answer.status === 404 ? undefined : accepted(answer, `GET ${path}`).body;
  }

  /** Any answer, of whatever status. */
  async send(method: string, path: string, body?: object): Promise<Answer> {
    this.#token ??= await this.#idToken();
    const text = body && JSON.stringify(body);
    const answer = await exchange({
      port: this.cloud.ports.loadBalancerHttps,
      servername: this.#apiUrl.hostname,
      ca: readFileSync(this.cloud.caFile),
      method,
      path,
      headers: {
        host: this.#apiUrl.host,
        authorization: `Bearer ${this.#token}`,
        ...(text && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      },
      ...(text && { body: text }),
      deadlineMs: DEADLINE_MS,
    }).catch((error: Error) => {
      throw new Failure(`${method} ${path}: the API did not answer (${error.message}).`, 1, { cause: error });
    });
    return { status: answer.status, body: parse(answer.text) };
  }

  /** What impersonation gives in production: the operator's own metadata port gives it here. */
  async #idToken(): Promise<string> {
    const { control: controlPort } = this.cloud.ports;
    const identity = `/identities/${encodeURIComponent(this.#operator)}`;
    const { http } = (await control(controlPort, "GET", identity)) as { http: number };
    const { text } = await exchange({
      port: http,
      path: `/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(this.#audience)}`,
      headers: { "metadata-flavor": "Google" },
      deadlineMs: DEADLINE_MS,
    });
    return text;
  }
}

/** @throws {Failure} with the problem's detail. */
function accepted(answer: Answer, request: string): Answer {
  if (answer.status < 400) return answer;
  const { title, detail } = (answer.body ?? {}) as { title?: string; detail?: string };
  throw new Failure(detail ?? title ?? `The API answered ${request} with ${answer.status}.`);
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return { detail: text.trim() };
  }
}
