import { duration } from "../../operator/terminal/durations.ts";
import { paint } from "../../operator/terminal/output.ts";
import { SEVERITIES } from "../services/logging/filter-rules.ts";
import { messageOf } from "../services/logging/log-entry.ts";
import type { FoundEntry } from "./log-files.ts";

/** Where an entry comes from and what it belongs to; what it says of its own span is for `domains trace`. */
const UNSHOWN = /^(message|service|revision|messageId|subscription|deliveryAttempt|span)$/;
const SOURCE_WIDTH = 24;

/** Time, severity, source and what was said, in columns. */
export function line({ source, entry }: FoundEntry): string {
  const { timestamp, severity } = entry;
  const rank = SEVERITIES.indexOf(severity);
  const mark = severity.padEnd(8);
  return [
    paint("dim", timestamp),
    rank >= SEVERITIES.indexOf("ERROR")
      ? paint("red", mark)
      : severity === "WARNING"
        ? paint("yellow", mark)
        : mark,
    paint("cyan", source.padEnd(SOURCE_WIDTH)),
    said(entry),
  ].join("  ");
}

function said(entry: FoundEntry["entry"]): string {
  const { httpRequest, jsonPayload = {} } = entry;
  const message = messageOf(entry);
  if (httpRequest?.status === undefined) {
    const details = Object.entries(jsonPayload).flatMap(([name, value]) => detail(name, value));
    return [message, ...details].join(" ");
  }
  const { requestMethod, requestUrl, status, latency } = httpRequest;
  const [, reason] = new RegExp(` ${status}: (.+)$`, "s").exec(message) ?? [];
  return [
    status,
    latency === undefined ? "" : duration(Number.parseFloat(latency) * 1000).padStart(7),
    requestMethod,
    requestUrl,
    ...(reason === undefined ? [] : [`(${reason})`]),
  ].join(" ");
}

/** `name=value`, in quotes where its end would be unclear; of an error, what it says. */
function detail(name: string, value: unknown): readonly string[] {
  if (UNSHOWN.test(name)) return [];
  if (typeof value === "string")
    return [`${name}=${/^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value)}`];
  if (typeof value === "number" || typeof value === "boolean") return [`${name}=${value}`];
  const message = (value as { readonly message?: unknown } | null)?.message;
  return typeof message === "string" ? [`${name}=${JSON.stringify(message)}`] : [];
}
