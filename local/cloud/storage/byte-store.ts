import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Content, Digests } from "./digests.ts";

/** Bytes that are durable, and kept until disposed of even if no object refers to them yet. */
export interface Staged extends Disposable {
  readonly content: Content;
}

/**
 * Bytes by their SHA-256, each once however many objects hold them. They are on the disk before an
 * object refers to them and go after the last one has gone; what a crash leaves is swept at start-up.
 */
export class ByteStore {
  readonly #folder: string;
  readonly #isReferenced: (sha256: string) => boolean;
  /** Bytes of uploads that have not yet become objects, or been refused. */
  readonly #pins = new Map<string, number>();

  constructor(folder: string, isReferenced: (sha256: string) => boolean) {
    this.#folder = folder;
    this.#isReferenced = isReferenced;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(folder)) {
      if (!isReferenced(file)) rmSync(join(folder, file));
    }
  }

  path(sha256: string): string {
    return join(this.#folder, sha256);
  }

  /** Stores a stream without holding it in memory. What was written of it goes if it fails. */
  async receive(chunks: AsyncIterable<Buffer>): Promise<Staged> {
    const temporary = this.#temporary();
    try {
      const digests = new Digests();
      const file = await open(temporary, "wx", 0o600);
      try {
        for await (const chunk of chunks) {
          digests.update(chunk);
          await file.writeFile(chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      return await this.#settle(this.#keep(digests.finish(), (path) => renameSync(temporary, path)));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** As `receive`, at once, for bytes that are in memory. */
  put(bytes: Buffer): Staged {
    const digests = new Digests();
    digests.update(bytes);
    const temporary = this.#temporary();
    writeFileSync(temporary, bytes, { flag: "wx", mode: 0o600, flush: true });
    return this.#keep(digests.finish(), (path) => {
      renameSync(temporary, path);
      const folder = openSync(this.#folder, "r");
      fsyncSync(folder);
      closeSync(folder);
    });
  }

  /** Takes over a file on the same disk, which stays where it is and must not change any more. */
  async adopt(file: string): Promise<Staged> {
    const digests = new Digests();
    const handle = await open(file);
    try {
      for await (const chunk of handle.createReadStream({ autoClose: false })) digests.update(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const temporary = this.#temporary();
    linkSync(file, temporary);
    return await this.#settle(
      this.#keep(digests.finish(), (path) => {
        renameSync(temporary, path);
        // Renaming one link of a file onto another does nothing, and leaves both.
        rmSync(temporary, { force: true });
      }),
    );
  }

  /** More of what is stored already: a copy. */
  again(content: Content): Staged {
    return this.#pin(content);
  }

  /** Removes bytes that nothing holds any more. */
  release(sha256: string): void {
    if (!this.#pins.has(sha256) && !this.#isReferenced(sha256)) rmSync(this.path(sha256), { force: true });
  }

  #keep(content: Content, move: (path: string) => void): Staged {
    const staged = this.#pin(content);
    try {
      move(this.path(content.sha256));
      return staged;
    } catch (error) {
      staged[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes the new name durable, without holding up other requests meanwhile. */
  async #settle(staged: Staged): Promise<Staged> {
    try {
      const folder = await open(this.#folder);
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
      return staged;
    } catch (error) {
      staged[Symbol.dispose]();
      throw error;
    }
  }

  #pin(content: Content): Staged {
    const { sha256 } = content;
    this.#pins.set(sha256, (this.#pins.get(sha256) ?? 0) + 1);
    return {
      content,
      [Symbol.dispose]: () => {
        const left = (this.#pins.get(sha256) ?? 1) - 1;
        if (left > 0) this.#pins.set(sha256, left);
        else this.#pins.delete(sha256);
        this.release(sha256);
      },
    };
  }

  /** Never the name of stored bytes, so a sweep removes it. */
  #temporary(): string {
    return join(this.#folder, `${randomUUID()}.part`);
  }
}
