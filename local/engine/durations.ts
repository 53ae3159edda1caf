import { EngineRefusal } from "./engine-refusal.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1, ms: 0.001 };

/**
 * Seconds of a Go duration, as `customTimeouts` has them: `1h30m`, `90s`. Empty is 0.
 * @throws {EngineRefusal}
 */
export function durationSeconds(text: string, subject: string): number {
  if (text === "") return 0;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    throw new EngineRefusal(`${subject}: a timeout must be a duration like "10m" or "1h30m"; got "${text}".`);
  }
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g);
  return [...parts].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0),
    0,
  );
}
