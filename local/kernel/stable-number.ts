import { createHash } from "node:crypto";

/** A decimal number of exactly `digits` digits that depends on `text` alone, as Google's numeric ids look. */
export function stableNumber(text: string, digits: number): string {
  const least = 10n ** BigInt(digits - 1);
  const hash = BigInt(`0x${createHash("sha256").update(text).digest("hex")}`);
  return String(least + (hash % (9n * least)));
}
