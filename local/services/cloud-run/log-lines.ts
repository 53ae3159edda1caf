import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { LogEntry, Severity } from "../../kernel/contract.ts";
import type { LogOrigin } from "./log-origin.ts";

/** Cloud Logging's limit for an entry. A longer line is cut into several. */
const MAX_LINE_LENGTH = 256 * 1024;

/** Levels of a structured line. A deeper one is text: it would cost whoever walks it the stack. */
const MAX_DEPTH = 100;

/** @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  DEFAULT: "INFO",
  DEBUG: "DEBUG",
  INFO: "INFO",
  NOTICE: "NOTICE",
  WARNING: "WARNING",
  ERROR: "ERROR",
  CRITICAL: "CRITICAL",
  ALERT: "CRITICAL",
  EMERGENCY: "CRITICAL",
};

export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
    for (; rest.length > MAX_LINE_LENGTH; rest = rest.slice(MAX_LINE_LENGTH))
      onLine(rest.slice(0, MAX_LINE_LENGTH));
  });
  stream.once("end", () => {
    if (rest !== "") onLine(rest);
  });
}

/** Fields that have a place of their own in an entry, and its name. */
const SPECIAL_FIELDS: Readonly<Record<string, string>> = {
  "logging.googleapis.com/insertId": "insertId",
  "logging.googleapis.com/labels": "labels",
  "logging.googleapis.com/operation": "operation",
  "logging.googleapis.com/sourceLocation": "sourceLocation",
  "logging.googleapis.com/spanId": "spanId",
  "logging.googleapis.com/trace": "trace",
  "logging.googleapis.com/trace_sampled": "traceSampled",
};

/**
 * A line as Google's agent takes it: structured if it is a JSON object, else a message without a
 * severity, on either stream.
 *
 * @param origin what every entry of the writer has.
 * @see https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
 * @see https://cloud.google.com/functions/docs/monitoring/logging
 */
export function toLogEntry(line: string, origin: LogOrigin): LogEntry {
  const structured = parseObject(line);
  if (!structured) return { severity: "INFO", message: line, ...origin };
  const { severity, message, ...others } = structured;
  const fields = Object.entries(others).map(([name, value]) => [SPECIAL_FIELDS[name] ?? name, value]);
  return {
    ...Object.fromEntries(fields),
    severity: (typeof severity === "string" && SEVERITIES[severity.toUpperCase()]) || "INFO",
    message: typeof message === "string" ? message : "",
    ...origin,
  };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const object = JSON.parse(line);
    return isDeeper(object, MAX_DEPTH) ? undefined : object;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  let level: readonly unknown[] = [value];
  for (let at = 0; at <= depth && level.length > 0; at += 1) {
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return level.length > 0;
}
