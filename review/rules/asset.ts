import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";

export interface AssetSource {
  readonly kind: "asset" | "archive";
  /** SHA-256 in hex, by which engines compare. */
  readonly hash?: string;
  readonly text?: string;
  /** Absolute, or relative to the program's folder. */
  readonly path?: string;
  readonly uri?: string;
  /** An archive put together from parts; kept as it came. */
  readonly parts?: unknown;
}

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

  /** @throws {Error} naming the asset when it is remote, a folder, or not there. */
  bytes(programDirectory: string | undefined): Buffer {
    const { text, path, uri, kind } = this.source;
    if (text !== undefined) return Buffer.from(text);
    if (path === undefined) {
      throw new Error(
        uri === undefined
          ? `An ${kind} made of parts cannot be stored: only a file or a text can.`
          : `The remote ${kind} "${uri}" cannot be stored: only a file or a text can.`,
      );
    }
    if (!isAbsolute(path) && programDirectory === undefined) {
      throw new Error(`The ${kind} "${path}" must have an absolute path: the program's folder is not known.`);
    }
    const file = resolve(programDirectory ?? "/", path);
    if (statSync(file).isDirectory()) {
      throw new Error(`The ${kind} "${file}" is a folder: only a file can be stored.`);
    }
    return readFileSync(file);
  }

  #identity(): string {
    const { hash, text, kind } = this.source;
    if (hash !== undefined && hash !== "") return hash;
    if (text !== undefined && kind === "asset") return createHash("sha256").update(text).digest("hex");
    return JSON.stringify(this.source);
  }
}
