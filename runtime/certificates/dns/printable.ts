const UNPRINTABLE = /[^\x20-\x7e]/g;

/** What a stranger wrote into the DNS, as zone files write it (RFC 1035, section 5.1): nothing in it acts on a terminal. */
export function printable(text: string): string {
  return Buffer.from(text.replaceAll(/["\\]/g, "\\$&"), "utf8")
    .toString("latin1")
    .replaceAll(UNPRINTABLE, (character) => `\\${String(character.charCodeAt(0)).padStart(3, "0")}`);
}
