import { StringDecoder } from "node:string_decoder";

/** A longer line is told in pieces. */
const MAX_LINE = 16_384;

/** Cuts a stream of bytes into lines. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #tell: (line: string) => void;
  #rest = "";

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  write(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split(/\r?\n/);
    this.#rest = lines.pop() ?? "";
    lines.forEach(this.#tell);
    while (this.#rest.length > MAX_LINE) {
      this.#tell(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
  }

  end(): void {
    if (this.#rest !== "") this.#tell(this.#rest);
    this.#rest = "";
  }
}
