import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { LogEntry, Severity } from "../parts.ts";

/** Cloud Logging's limit for an entry. A longer line is cut into several. */
const MAX_LINE_LENGTH = 256 * 1024;

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

/** A line as Google's agent takes it: structured if it is a JSON object, else a message without a severity. */
export function toLogEntry(line: string, source: string, revision: string): LogEntry {
  const fields = parseObject(line);
  if (!fields) return { severity: "INFO", message: line, source, revision };
  const { severity, message, "logging.googleapis.com/trace": trace, ...others } = fields;
  return {
    ...others,
    severity: SEVERITIES[String(severity).toUpperCase()] ?? "INFO",
    message: typeof message === "string" ? message : "",
    source,
    revision,
    ...(typeof trace === "string" && { trace }),
  };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
