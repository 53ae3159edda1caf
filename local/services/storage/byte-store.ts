import { randomUUID } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ByteRows } from "./byte-rows.ts";
import { type Content, Digests } from "./digests.ts";

/** What is larger gets a file. */
const MAX_ROW_BYTES = 64 * 1024;

type Identity = Pick<Content, "sha256" | "size">;

/** Bytes that are kept until disposed of even if no object refers to them yet. */
export interface Staged extends Disposable {
  readonly content: Content;
}

/**
 * Bytes by their SHA-256, each once however many objects hold them: small ones as rows beside those
 * of the objects, large ones as files. They are there before an object refers to them and go after
 * the last one has gone; what a crash leaves is swept at start-up.
 */
export class ByteStore {
  readonly #folder: string;
  readonly #isReferenced: (sha256: string) => boolean;
  readonly #onLeft: (error: unknown) => void;
  /** Bytes of uploads that have not yet become objects, or been refused. */
  readonly #pins = new Map<string, number>();
  readonly #rows: ByteRows;
  /** Small bytes of such uploads: they become rows in the transaction that makes their object. */
  readonly #unsettled = new Map<string, Buffer>();

  /** @param onLeft told why bytes could not be removed; the next start removes them. */
  constructor(
    rows: ByteRows,
    folder: string,
    isReferenced: (sha256: string) => boolean,
    onLeft: (error: unknown) => void,
  ) {
    this.#rows = rows;
    this.#folder = folder;
    this.#isReferenced = isReferenced;
    this.#onLeft = onLeft;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#sweep();
  }

  /** Bytes that are small enough to be had whole; for others there is a file. */
  whole({ sha256, size }: Identity): Buffer | undefined {
    return size > MAX_ROW_BYTES ? undefined : this.#rows.get(sha256);
  }

  /** The file of bytes that `whole` does not give. */
  path(sha256: string): string {
    return join(this.#folder, sha256);
  }

  read(identity: Identity): Readable {
    const whole = this.whole(identity);
    return whole ? Readable.from([whole]) : createReadStream(this.path(identity.sha256));
  }

  /** Stores a stream, of which no more than a small one's worth is ever in memory. What was written of it goes if it fails. */
  async receive(chunks: AsyncIterable<Buffer>): Promise<Staged> {
    const digests = new Digests();
    const held: Buffer[] = [];
    const temporary = this.#temporary();
    let file: FileHandle | undefined;
    try {
      for await (const chunk of chunks) {
        digests.update(chunk);
        held.push(chunk);
        if (digests.size <= MAX_ROW_BYTES) continue;
        file ??= await open(temporary, "wx", 0o600);
        for (const bytes of held.splice(0)) await file.writeFile(bytes);
      }
      if (!file) return this.#putRow(digests.finish(), Buffer.concat(held));
      await file.sync();
      await file.close();
      return await this.#settle(this.#keep(digests.finish(), (path) => renameSync(temporary, path)));
    } catch (error) {
      await file?.close();
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** As `receive`, at once, for bytes that are in memory. */
  put(bytes: Buffer): Staged {
    const digests = new Digests();
    digests.update(bytes);
    const content = digests.finish();
    if (content.size <= MAX_ROW_BYTES) return this.#putRow(content, bytes);
    const temporary = this.#temporary();
    writeFileSync(temporary, bytes, { flag: "wx", mode: 0o600, flush: true });
    return this.#keep(content, (path) => {
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
    const content = digests.finish();
    if (content.size <= MAX_ROW_BYTES) return this.#putRow(content, readFileSync(file));
    const temporary = this.#temporary();
    linkSync(file, temporary);
    return await this.#settle(
      this.#keep(content, (path) => {
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

  /** Makes staged bytes durable, in the transaction of the object that holds them from now on. */
  settle({ sha256 }: Identity): void {
    const bytes = this.#unsettled.get(sha256);
    if (bytes) this.#rows.add(sha256, bytes);
  }

  /** Removes bytes that nothing holds any more. Never throws: what was asked for is done by now. */
  release({ sha256, size }: Identity): void {
    try {
      if (this.#pins.has(sha256) || this.#isReferenced(sha256)) return;
      if (size <= MAX_ROW_BYTES) this.#rows.remove(sha256);
      else rmSync(this.path(sha256), { force: true });
    } catch (error) {
      this.#onLeft(error);
    }
  }

  #putRow(content: Content, bytes: Buffer): Staged {
    this.#unsettled.set(content.sha256, bytes);
    return this.#pin(content);
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
        else {
          this.#pins.delete(sha256);
          this.#unsettled.delete(sha256);
        }
        this.release(content);
      },
    };
  }

  /** What a crash left goes; small files, as earlier versions of this cloud kept them, become rows. */
  #sweep(): void {
    for (const file of readdirSync(this.#folder)) {
      const path = this.path(file);
      const isReferenced = this.#isReferenced(file);
      if (isReferenced && statSync(path).size > MAX_ROW_BYTES) continue;
      if (isReferenced) this.#rows.add(file, readFileSync(path));
      rmSync(path);
    }
    for (const sha256 of this.#rows.list()) if (!this.#isReferenced(sha256)) this.#rows.remove(sha256);
  }

  /** Never the name of stored bytes, so a sweep removes it. */
  #temporary(): string {
    return join(this.#folder, `${randomUUID()}.part`);
  }
}
