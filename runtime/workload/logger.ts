import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";
import type { Platform } from "./platform.ts";
import type { Trace } from "./trace.ts";

export type { Logger } from "pino";

/** @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity */
const SEVERITIES: Readonly<Record<string, string>> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};

/** Fields that hold credentials wherever a client library's error or a request carries them along. */
const CREDENTIALS = [
  "authorization",
  "Authorization",
  "fastly-key",
  "Fastly-Key",
  "privateKey",
  "token",
  "key",
];

/** A key in PEM as JSON shows it: line ends are `\n`, two characters. Unfinished ones go to the end of the line. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=")|$)/gs;

/**
 * One JSON line an event on standard output, under the names that Google's log agent reads.
 * Known credential fields are masked up to two levels deep, private keys in PEM wherever they
 * stand. Writing is synchronous: the last line before a crash is the one that matters.
 */
export function createLogger(
  platform: Pick<Platform, "K_SERVICE" | "K_REVISION">,
  output: DestinationStream = destination({ fd: 1, sync: true }),
): Logger {
  return pino(
    {
      messageKey: "message",
      errorKey: "error",
      base: { service: platform.K_SERVICE, revision: platform.K_REVISION },
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ severity: SEVERITIES[label] ?? "DEFAULT" }) },
      serializers: { error: stdSerializers.errWithCause },
      redact: {
        paths: CREDENTIALS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: "[secret]",
      },
      hooks: {
        streamWrite: (line) =>
          line.includes("PRIVATE KEY-----") ? line.replaceAll(PRIVATE_KEY, "[secret]") : line,
      },
    },
    output,
  );
}

/** The fields by which Cloud Logging joins a line to its trace. */
export function traceFields({ traceId, spanId, sampled }: Trace): Readonly<Record<string, unknown>> {
  return {
    "logging.googleapis.com/trace": traceId,
    "logging.googleapis.com/spanId": spanId,
    "logging.googleapis.com/trace_sampled": sampled,
  };
}
