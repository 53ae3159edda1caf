import { invalid } from "./storage-refusal.ts";

const MAX_NAME_BYTES = 1024;

/**
 * @throws {StorageRefusal} 400 for a name that Cloud Storage does not take.
 * @see https://cloud.google.com/storage/docs/objects#naming
 */
export function checkObjectName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw invalid("Required parameter: name", "name");
  if (bytes > MAX_NAME_BYTES) {
    throw invalid(
      `The specified object name is not valid: it must be at most ${MAX_NAME_BYTES} bytes; got ${bytes}.`,
      "name",
    );
  }
  const rule = brokenRule(name);
  if (rule !== undefined) {
    throw invalid(
      `The specified object name is not valid: it must not ${rule}; got ${JSON.stringify(name)}.`,
      "name",
    );
  }
  return name;
}

function brokenRule(name: string): string | undefined {
  if (!name.isWellFormed()) return "hold half a surrogate pair";
  if (/[\r\n]/.test(name)) return "hold a carriage return or line feed";
  if (name === "." || name === "..") return 'be "." or ".."';
  if (name.startsWith(".well-known/acme-challenge/")) return 'start with ".well-known/acme-challenge/"';
  return undefined;
}
