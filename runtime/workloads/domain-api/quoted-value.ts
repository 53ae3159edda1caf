/** Enough to know a value again; what is longer is cut. */
const MAX_SHOWN_CHARACTERS = 60;
/** Control, format (joiners, direction marks), unassigned and line-breaking characters: they hide or garble. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A refused value as its refusal shows it: as JSON writes it, on one line, and cut; `nothing` where none was given. */
export function quotedValue(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" ? `"${shownText(value)}"` : shown(JSON.stringify(value));
}

/** Text from a request as it may stand in a sentence: escaped as in JSON, and cut. */
export function shownText(text: string): string {
  const [start, end] = cut(text);
  return escapeUnprintable(JSON.stringify(start).slice(1, -1)) + end;
}

function shown(json: string): string {
  const [start, end] = cut(json);
  return escapeUnprintable(start) + end;
}

function cut(text: string): readonly [start: string, end: "…" | ""] {
  const characters = [...text.slice(0, 2 * MAX_SHOWN_CHARACTERS + 2)];
  return characters.length > MAX_SHOWN_CHARACTERS
    ? [characters.slice(0, MAX_SHOWN_CHARACTERS).join(""), "…"]
    : [text, ""];
}

function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
