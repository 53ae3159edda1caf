import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";

export interface AssetSource {
  readonly kind: "asset" | "archive";
  /** SHA-256 in hex, by which engines compare. */
  readonly hash?: string;
  readonly text?: string;
  /** Relative ones start in the program's folder. */
  readonly path?: string;
  readonly uri?: string;
  /** An archive put together from parts; kept as it came. */
  readonly parts?: unknown;
}

/** An engine does not tell an attached provider where the program's folder is. */
const ABSOLUTE_PATH = "must have an absolute path, such as one that begins with import.meta.dirname";

/** A file or text that the program hands over. An archive is one here only if it is a file already. */
export class Asset {
  readonly source: AssetSource;

  constructor(source: AssetSource) {
    this.source = source;
  }

  /** Content decides, where it can be told; two assets that name the same place are the same too. */
  equals(other: Asset): boolean {
    const [mine, theirs] = [this.#identity(), other.#identity()];
    return mine === theirs;
  }

  /** Why nobody here can find the file; `undefined` where that is no trouble. */
  get unfindable(): string | undefined {
    const { path, text } = this.source;
    return text !== undefined || path === undefined || isAbsolute(path) ? undefined : ABSOLUTE_PATH;
  }

  /** @throws {Error} naming the asset when it is remote, a folder, or not there. */
  bytes(): Buffer {
    const { text, path, uri, kind } = this.source;
    if (text !== undefined) return Buffer.from(text);
    if (path === undefined) {
      throw new Error(
        uri === undefined
          ? `An ${kind} made of parts cannot be stored: only a file or a text can.`
          : `The remote ${kind} "${uri}" cannot be stored: only a file or a text can.`,
      );
    }
    if (!isAbsolute(path)) throw new Error(`The ${kind} "${path}" ${ABSOLUTE_PATH}.`);
    if (statSync(path).isDirectory()) {
      throw new Error(`The ${kind} "${path}" is a folder: only a file can be stored.`);
    }
    return readFileSync(path);
  }

  #identity(): string {
    const { hash, text, kind } = this.source;
    if (hash !== undefined && hash !== "") return hash;
    if (text !== undefined && kind === "asset") return createHash("sha256").update(text).digest("hex");
    return JSON.stringify(this.source);
  }
}
