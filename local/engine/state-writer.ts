import { randomUUID } from "node:crypto";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import { type PendingRecord, type ResourceRecord, STATE_VERSION } from "./records.ts";
import type { StateChange } from "./state-changes.ts";
import { replaceStateFile } from "./state-file.ts";
import { removeJournal, StateJournal } from "./state-journal.ts";
import type { Vault } from "./vault.ts";

/** A journal that is shorter than this, or than the state itself, is not worth a whole writing. */
const MIN_JOURNAL_BYTES = 1_000_000;

interface WrittenRecords {
  readonly resources: readonly ResourceRecord[];
  readonly superseded: readonly ResourceRecord[];
  readonly pending: readonly PendingRecord[];
}

/** Writes a state: whole at first, and whenever its journal has become longer than itself; otherwise what has changed. */
export class StateWriter {
  readonly #path: string;
  readonly #project: string;
  readonly #stack: string;
  readonly #vault: Vault;
  /** Records as they are written: each is encrypted and serialised once. */
  readonly #written = new WeakMap<ResourceRecord | PendingRecord, string>();
  /** Continues what this one has written whole. */
  #journal: StateJournal | undefined;
  #wholeBytes = 0;

  constructor(path: string, project: string, stack: string, vault: Vault) {
    this.#path = path;
    this.#project = project;
    this.#stack = stack;
    this.#vault = vault;
  }

  /**
   * @param changes What has changed since the last writing.
   * @throws {EngineRefusal} when the disk does not take it.
   */
  async write(records: WrittenRecords, changes: readonly StateChange[]): Promise<void> {
    const journal = this.#journal;
    try {
      if (journal === undefined || journal.bytes > Math.max(MIN_JOURNAL_BYTES, this.#wholeBytes)) {
        await this.#writeWhole(records);
      } else if (changes.length > 0) {
        await journal.append(changes.map((change) => this.#serialiseChange(change)));
      }
    } catch (error) {
      // Nobody knows what of them is there: the next writing is a whole one.
      this.#journal = undefined;
      await journal?.close();
      throw new EngineRefusal(`The state ${this.#path} cannot be written: ${(error as Error).message}`, {
        cause: error,
        exitCode: EXIT.stateUnusable,
        general: true,
      });
    }
  }

  /**
   * Leaves nothing but the state's own file. All changes must have been written.
   * @throws {EngineRefusal} as `write`.
   */
  async close(records: WrittenRecords): Promise<void> {
    const journal = this.#journal;
    await journal?.close();
    if (journal !== undefined && journal.bytes > 0) {
      this.#journal = undefined;
      await this.write(records, []);
    }
    await removeJournal(this.#path);
  }

  async #writeWhole(records: WrittenRecords): Promise<void> {
    const writing = randomUUID();
    const head = {
      version: STATE_VERSION,
      project: this.#project,
      stack: this.#stack,
      keyCheck: this.#vault.encrypt(this.#stack),
      writing,
    };
    const text = `${JSON.stringify(head).slice(0, -1)},
"resources":[
${records.resources.map((resource) => this.#serialise(resource)).join(",\n")}
],"superseded":[
${records.superseded.map((resource) => this.#serialise(resource)).join(",\n")}
],"pending":[
${records.pending.map((pending) => this.#serialise(pending)).join(",\n")}
]}
`;
    await replaceStateFile(this.#path, text);
    await this.#journal?.close();
    this.#journal = new StateJournal(this.#path, writing);
    this.#wholeBytes = text.length;
  }

  #serialiseChange(change: StateChange): string {
    if ("resource" in change) {
      const { resource, ...rest } = change;
      return `${JSON.stringify(rest).slice(0, -1)},"resource":${this.#serialise(resource)}}`;
    }
    if (!("pending" in change)) return JSON.stringify(change);
    return `{"do":${JSON.stringify(change.do)},"pending":${this.#serialise(change.pending)}}`;
  }

  #serialise(record: ResourceRecord | PendingRecord): string {
    let text = this.#written.get(record);
    if (text === undefined) {
      const sealed = (resource: ResourceRecord): ResourceRecord => ({
        ...resource,
        inputs: this.#vault.sealSecrets(resource.inputs),
        outputs: this.#vault.sealSecrets(resource.outputs),
      });
      text = JSON.stringify(
        "resource" in record ? { ...record, resource: sealed(record.resource) } : sealed(record),
      );
      this.#written.set(record, text);
    }
    return text;
  }
}
