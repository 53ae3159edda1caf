import type { LogEntry, Severity } from "../../kernel/contract.ts";
import { objectOf, textOf } from "../../kernel/property-values.ts";

/** In rising order. @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity */
/** @see https://cloud.google.com/monitoring/api/resources */
export interface MonitoredResource {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#httprequest */
export interface HttpRequest {
  readonly requestMethod?: string;
  readonly requestUrl?: string;
  readonly status?: number;
  /** Seconds, "0.012s". */
  readonly latency?: string;
  readonly [field: string]: unknown;
}

/** A log entry as Cloud Logging shows it to readers, and as sinks send it. @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry */
export interface ExportedEntry {
  readonly insertId: string;
  readonly logName: string;
  readonly resource: MonitoredResource;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly receiveTimestamp: string;
  readonly severity: Severity;
  readonly textPayload?: string;
  readonly jsonPayload?: Readonly<Record<string, unknown>>;
  readonly httpRequest?: HttpRequest;
  readonly labels?: Readonly<Record<string, string>>;
  readonly sourceLocation?: Readonly<Record<string, unknown>>;
  readonly operation?: Readonly<Record<string, unknown>>;
  /** `projects/P/traces/TRACE_ID` */
  readonly trace?: string;
  readonly spanId?: string;
  readonly traceSampled?: boolean;
}

/** What Logging itself knows of an entry that is written. */
export interface Circumstances {
  readonly insertId: string;
  readonly receiveTimestamp: string;
  readonly project: string;
  /** Of the writer, unless the entry names one. */
  readonly resource: MonitoredResource;
}

const SPECIAL = "logging.googleapis.com/";

/**
 * An entry as Google's agent would store it: the fields that it knows in their places, the rest as
 * the payload.
 *
 * @see https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
 */
export function toExported(entry: LogEntry, known: Circumstances): ExportedEntry {
  const fields: Record<string, unknown> = { ...entry };
  const take = (...names: string[]): unknown => {
    const values = names.map((name) => fields[name]);
    for (const name of names) delete fields[name];
    return values.find((value) => value !== undefined);
  };
  const source = String(take("source"));
  const severity = take("severity") as Severity;
  const message = String(take("message") ?? "");
  const revision = textOf(take("revision"));
  const timestamp = textOf(take("timestamp", "time"));
  const trace = textOf(take("trace", `${SPECIAL}trace`));
  const spanId = textOf(take("spanId", `${SPECIAL}spanId`));
  const sampled = take("traceSampled", `${SPECIAL}trace_sampled`);
  const labels = objectOf(take("labels", `${SPECIAL}labels`)) as Record<string, string>;
  const sourceLocation = objectOf(take("sourceLocation", `${SPECIAL}sourceLocation`));
  const operation = objectOf(take("operation", `${SPECIAL}operation`));
  const insertId = textOf(take("insertId", `${SPECIAL}insertId`)) ?? known.insertId;
  const httpRequest = take("httpRequest") as HttpRequest | undefined;
  const given = take("resource") as MonitoredResource | undefined;
  const logName =
    textOf(take("logName")) ?? logNameOf(given ?? known.resource, source, { httpRequest, revision });
  return {
    insertId,
    logName: logName.startsWith("projects/")
      ? logName
      : `projects/${known.project}/logs/${encodeURIComponent(logName)}`,
    resource: given ?? withRevision(known.resource, revision),
    timestamp:
      timestamp !== undefined && !Number.isNaN(Date.parse(timestamp)) ? timestamp : known.receiveTimestamp,
    receiveTimestamp: known.receiveTimestamp,
    severity,
    ...(Object.keys(fields).length > 0
      ? { jsonPayload: message === "" ? fields : { message, ...fields } }
      : message !== "" && { textPayload: message }),
    ...(httpRequest && { httpRequest }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(sourceLocation).length > 0 && { sourceLocation }),
    ...(Object.keys(operation).length > 0 && { operation }),
    ...(trace !== undefined && {
      trace: trace.startsWith("projects/") ? trace : `projects/${known.project}/traces/${trace}`,
    }),
    ...(spanId !== undefined && { spanId }),
    ...(typeof sampled === "boolean" && { traceSampled: sampled }),
  };
}

/** The message of an entry, whatever its payload. */
export function messageOf({ textPayload, jsonPayload }: ExportedEntry): string {
  return textPayload ?? textOf(jsonPayload?.message) ?? "";
}

export function traceIdOf({ trace }: Pick<ExportedEntry, "trace">): string | undefined {
  return trace?.slice(trace.lastIndexOf("/") + 1);
}

/** @see https://cloud.google.com/run/docs/logging */
function logNameOf(
  { type }: MonitoredResource,
  source: string,
  { httpRequest, revision }: { httpRequest: HttpRequest | undefined; revision: string | undefined },
): string {
  if (type !== "cloud_run_revision") return source;
  if (httpRequest) return "run.googleapis.com/requests";
  return revision === undefined ? "run.googleapis.com/varlog/system" : "run.googleapis.com/stdout";
}

function withRevision(resource: MonitoredResource, revision: string | undefined): MonitoredResource {
  if (revision === undefined || resource.type !== "cloud_run_revision") return resource;
  return { type: resource.type, labels: { ...resource.labels, revision_name: revision } };
}
