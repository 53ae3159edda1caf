import { stripVTControlCharacters } from "node:util";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** What an engine, a provider or the program says. */
export interface Diagnostic {
  readonly severity: "debug" | "info" | "info#err" | "warning" | "error";
  readonly message: string;
  /** Of the resource that it is about. */
  readonly urn?: string;
}

/** Pulumi's directives for colours, `<{%reset%}>`. */
const DIRECTIVES = /<\{%.*?%\}>/g;
/** What the engine adds to errors that were told already. */
const ECHOES = [
  /^update failed$/,
  /^preview failed$/,
  /^Resource monitor has terminated, shutting down$/,
  /^Running program .* failed with an unhandled exception:\s*<ref \*1>/,
];

export function diagnosticOf({ diagnosticEvent }: EngineEvent): readonly Diagnostic[] {
  if (diagnosticEvent === undefined || diagnosticEvent.ephemeral) return [];
  const { urn, severity } = diagnosticEvent;
  const message = stripVTControlCharacters(diagnosticEvent.message.replace(DIRECTIVES, ""))
    .replace(/^One or more errors occurred: /, "")
    .trim();
  if (message === "" || ECHOES.some((echo) => echo.test(message))) return [];
  return [{ severity: severity as Diagnostic["severity"], message, ...(urn && { urn }) }];
}
