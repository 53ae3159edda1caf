import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { HttpApi, Kernel, Principal } from "../../kernel/contract.ts";
import { readBody } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson, answerRefusal, RpcRefusal } from "../google/rpc-refusal.ts";

const HOST = "logging.googleapis.com";
const WRITE = "/v2/entries:write";
/** @see https://cloud.google.com/logging/quotas#api-limits */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

const labels = z.record(z.string(), z.string());
const resource = z.strictObject({ type: z.string().min(1), labels: labels.default({}) });
const logName = z.string().regex(/^projects\/[^/]+\/logs\/[\w%.-]{1,511}$/, "must be projects/P/logs/LOG_ID");
const entrySchema = z
  .strictObject({
    logName: logName.optional(),
    resource: resource.optional(),
    severity: z
      .enum(["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"])
      .default("DEFAULT"),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    insertId: z.string().optional(),
    labels: labels.default({}),
    jsonPayload: z.record(z.string(), z.unknown()).optional(),
    textPayload: z.string().optional(),
  })
  .refine(({ jsonPayload, textPayload }) => jsonPayload === undefined || textPayload === undefined, {
    message: "must have one payload",
  });
const writeSchema = z.strictObject({
  logName: logName.optional(),
  resource: resource.optional(),
  labels: labels.default({}),
  entries: z.array(entrySchema),
});

/** Cloud Logging over HTTP: writing entries. @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/write */
export class LoggingApi implements HttpApi {
  readonly name = "logging-api";
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => path === WRITE);
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== "POST" || pathOf(request) !== WRITE) {
        const got = `${request.method} ${pathOf(request).slice(0, 200)}`;
        throw new RpcRefusal("UNIMPLEMENTED", `The local Cloud Logging has only POST ${WRITE}; got ${got}.`);
      }
      const body = writeSchema.safeParse(parsed(await readBody(request, MAX_BODY_BYTES)));
      if (!body.success) throw new RpcRefusal("INVALID_ARGUMENT", z.prettifyError(body.error));
      this.#write(principal, body.data);
      answerJson(response, 200, {});
    } catch (error) {
      if (response.destroyed || (request.destroyed && !request.complete)) return;
      answerRefusal(response, error);
      request.resume();
    }
  }

  /** All of them or none: whoever may not write to one log writes to none. */
  #write(principal: Principal, { entries, ...common }: z.output<typeof writeSchema>): void {
    const named = entries.map((entry) => {
      const name = entry.logName ?? common.logName;
      const of = entry.resource ?? common.resource;
      if (name === undefined) throw new RpcRefusal("INVALID_ARGUMENT", "Each entry must have a logName.");
      if (of === undefined) throw new RpcRefusal("INVALID_ARGUMENT", "Each entry must have a resource.");
      return { ...entry, logName: name, resource: of, labels: { ...common.labels, ...entry.labels } };
    });
    for (const { logName: name } of named) {
      const [, project = ""] = name.split("/");
      this.#kernel.iam.require(principal, "logging.logEntries.create", `projects/${project}`);
    }
    for (const { jsonPayload, textPayload, severity, ...entry } of named) {
      this.#kernel.logging.write({
        ...jsonPayload,
        ...entry,
        message: String(jsonPayload?.message ?? textPayload ?? ""),
        severity: severity === "DEFAULT" ? "INFO" : severity,
        source: decodeURIComponent(entry.logName.split("/").at(-1) ?? ""),
      });
    }
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new RpcRefusal("INVALID_ARGUMENT", "Invalid JSON payload received.", { cause });
  }
}
