import { readFileSync } from "node:fs";
import type { DomainResource as Resource } from "../runtime/workloads/domain-api/resources.ts";
import { exchange } from "./exchange.ts";
import type { Target } from "./target.ts";
import { EXIT, Failure } from "./terminal/failure.ts";

const DEADLINE_MS = 35_000;

export type DomainResource = Resource;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Speaks to the domain API as the platform's operator, through the load balancer like everyone else. */
export class ApiClient {
  readonly target: Target;
  #token: Promise<string> | undefined;

  constructor(target: Target) {
    this.target = target;
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
    const { apiUrl, api } = this.target;
    this.#token ??= this.target.idToken();
    const text = body && JSON.stringify(body);
    const answer = await exchange({
      host: api.address ?? apiUrl.hostname,
      port: api.port,
      servername: apiUrl.hostname,
      secure: true,
      ...(api.caFile !== undefined && { ca: readFileSync(api.caFile) }),
      method,
      path,
      headers: {
        host: apiUrl.host,
        authorization: `Bearer ${await this.#token}`,
        ...(text && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      },
      ...(text && { body: text }),
      deadlineMs: DEADLINE_MS,
    }).catch((error: Error) => {
      throw new Failure(`${method} ${path}: the API did not answer (${error.message}).`, EXIT.failed, {
        cause: error,
      });
    });
    return { status: answer.status, body: parse(answer.text) };
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
