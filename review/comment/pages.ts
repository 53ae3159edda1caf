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

  /** Blocks as long as there is room, each whole. */
  each(blocks: readonly string[], what: string): void {
    let left = 0;
    for (const block of blocks) if (left > 0 || !this.#take(block)) left += 1;
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
    for (const line of lines) if (left > 0 || !this.#take(`${line}\n`)) left += 1;
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
