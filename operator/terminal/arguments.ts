import { InvalidArgumentError } from "commander";
import { parseSince } from "./durations.ts";

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number < 1) throw new InvalidArgumentError("It must be 1 or more.");
  return number;
}

export function commitHash(text: string): string {
  if (!/^[0-9a-f]{7,64}$/.test(text)) throw new InvalidArgumentError("It must be a commit's hash.");
  return text;
}

export function time(text: string): Date {
  const at = parseSince(text, Date.now());
  if (at === undefined)
    throw new InvalidArgumentError("It must be a time (RFC 3339), or 90s, 10m, 2h or 1d ago.");
  return new Date(at);
}

/** Into what was given before; a key without a namespace is the platform's. */
export function keyValue(text: string, before: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It must be key=value.");
  return { ...before, [key.includes(":") ? key : `platform:${key}`]: value };
}
