import { html } from "./escape.ts";

/** Kept for what closes a fold, and says how much was left out. */
const RESERVE = 1_500;

/** Text of a bounded length: what comes first gets its room first, and what gets none is counted. */
export class Pages {
  readonly #most: number;
  readonly #parts: string[] = [];
  readonly #leftOut: string[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Small, and whatever its room. */
  must(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }

  /**
   * Blocks for which there is room, each whole.
   * @param room for all of them, at most
   */
  each(blocks: readonly string[], what: string, room = this.#most): void {
    const end = this.#length + room;
    let left = 0;
    for (const block of blocks) if (this.#length + block.length > end || !this.#take(block)) left += 1;
    this.#note(left, what);
  }

  /** Lines of HTML in a fold. */
  fold(title: string, lines: readonly string[], what: string): void {
    if (lines.length === 0) return;
    const open = `\n<details><summary>${html(title)}</summary><pre>`;
    const close = "</pre></details>\n";
    if (!this.#take(open + close)) {
      this.#note(lines.length, what);
      return;
    }
    this.#parts.pop();
    this.#parts.push(open);
    let left = 0;
    for (const line of lines) if (!this.#take(`${line}\n`)) left += 1;
    this.#parts.push(close);
    this.#note(left, what);
  }

  toString(): string {
    if (this.#leftOut.length === 0) return this.#parts.join("");
    const told = `\n**Left out for want of room: ${this.#leftOut.join(", ")}.** The whole review is in the artefact of the job that wrote this.\n`;
    return [...this.#parts, told].join("");
  }

  #take(text: string): boolean {
    if (this.#length + text.length > this.#most - RESERVE) return false;
    this.must(text);
    return true;
  }

  #note(left: number, what: string): void {
    if (left > 0) this.#leftOut.push(`${left.toLocaleString("en-US")} ${what}`);
  }
}

/** The first of them, as many as have room, and for the rest what says how many they are. */
export function fitting(
  lines: readonly string[],
  { most, room, rest }: { readonly most: number; readonly room: number; rest(left: number): string },
): string {
  const shown: string[] = [];
  let length = 0;
  for (const line of lines.slice(0, most)) {
    length += line.length;
    if (length > room) break;
    shown.push(line);
  }
  const left = lines.length - shown.length;
  return shown.join("") + (left > 0 ? rest(left) : "");
}

export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
