import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import type { PendingRecord, ResourceRecord, StateDocument } from "./records.ts";
import { StackRecords } from "./stack-records.ts";
import type { StateChange } from "./state-changes.ts";
import { readStateFile } from "./state-file.ts";
import { readJournal } from "./state-journal.ts";
import { StateWriter } from "./state-writer.ts";
import type { Properties } from "./values.ts";
import { Vault } from "./vault.ts";

/** A state that is being written is read again when its journal turns out to continue another writing. */
const READ_ATTEMPTS = 5;

/** What is on the disk of a state. */
interface Stored {
  readonly document: StateDocument;
  readonly changes: readonly StateChange[];
}

/** Resources as somebody else recorded them. */
export interface GivenState {
  readonly resources: readonly ResourceRecord[];
  readonly superseded: readonly ResourceRecord[];
}

/**
 * What the engine knows of a stack: `STATE_DIR/stacks/STACK.json`, and in `STACK.journal` what changed since that was
 * written whole. Records are replaced, never changed.
 */
export class StackState {
  readonly path: string;
  readonly #project: string;
  readonly #stack: string;
  /** None for a state that is not on the disk. */
  readonly #vault: Vault | undefined;
  readonly #writer: StateWriter | undefined;
  readonly #records = new StackRecords();
  readonly #unsaved: StateChange[] = [];
  #writing: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  private constructor(path: string, project: string, stack: string, vault: Vault | undefined) {
    this.path = path;
    this.#project = project;
    this.#stack = stack;
    this.#vault = vault;
    this.#writer = vault && new StateWriter(path, project, stack, vault);
  }

  /**
   * Reads a stack's state, or starts an empty one. Writes nothing but a missing key.
   * @throws {EngineRefusal} when the file is damaged, of a newer version, or encrypted with another key.
   */
  static open(stateDir: string, project: string, stack: string): StackState {
    const path = join(stateDir, "stacks", `${stack}.json`);
    const stored = existsSync(path) ? readStored(path) : undefined;
    const vault = Vault.open(stateDir, stack, stored === undefined);
    const state = new StackState(path, project, stack, vault);
    if (stored !== undefined) state.#load(stored, vault);
    return state;
  }

  /**
   * Reads a state that is there, of whatever project.
   * @throws {EngineRefusal} as `open`.
   */
  static read(stateDir: string, stack: string): StackState {
    const path = join(stateDir, "stacks", `${stack}.json`);
    const stored = readStored(path);
    const vault = Vault.open(stateDir, stack, false);
    const state = new StackState(path, stored.document.project, stack, vault);
    state.#load(stored, vault);
    return state;
  }

  /** A state for a preview: it starts from what is given, and cannot be saved. */
  static given(project: string, stack: string, { resources, superseded }: GivenState): StackState {
    const state = new StackState("", project, stack, undefined);
    state.#records.load(resources, superseded, []);
    return state;
  }

  static exists(stateDir: string, stack: string): boolean {
    return existsSync(join(stateDir, "stacks", `${stack}.json`));
  }

  /** Properties as they are written, secrets encrypted. */
  seal(properties: Properties): Properties {
    if (this.#vault === undefined) throw new Error("A state that was given has no key.");
    return this.#vault.sealSecrets(properties);
  }

  get project(): string {
    return this.#project;
  }

  /** Each after what it needs. */
  get resources(): readonly ResourceRecord[] {
    return this.#records.resources;
  }

  get superseded(): readonly ResourceRecord[] {
    return this.#records.superseded;
  }

  get pending(): readonly PendingRecord[] {
    return this.#records.pending;
  }

  find(urn: string): ResourceRecord | undefined {
    return this.#records.find(urn);
  }

  /**
   * Records a resource as it is now, even if it had been set aside. `formerUrn` is what it was recorded as, and what
   * others refer to it by, until now.
   */
  put(resource: ResourceRecord, formerUrn = resource.urn): void {
    this.#change({ do: "put", resource, formerUrn });
  }

  /** Replaces a record in its place. */
  amend(old: ResourceRecord, resource: ResourceRecord): void {
    this.#change({ do: "amend", resource, ...this.#ifSuperseded(old) });
  }

  /**
   * Sets the current record of a URN aside for deletion: the next `put` is its replacement, under the URN `as`.
   * Protection was asked after before it was replaced.
   */
  supersede(urn: string, as = urn): void {
    this.#change({ do: "supersede", urn, as });
  }

  remove(resource: ResourceRecord): void {
    this.#change({ do: "remove", urn: resource.urn, ...this.#ifSuperseded(resource) });
  }

  putPending(pending: PendingRecord): void {
    this.#change({ do: "intend", pending });
  }

  removePending(urn: string): void {
    this.#change({ do: "drop-intent", urn });
  }

  /** Resolves when all that was put before is on the disk. Calls that overlap share a write. */
  save(): Promise<void> {
    if (this.#writing === undefined) {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#queued ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.save();
      });
    return this.#queued;
  }

  /** Saves, and leaves nothing but the state's own file. */
  async close(): Promise<void> {
    await this.save();
    await this.#writer?.close(this.#records);
  }

  #ifSuperseded(resource: ResourceRecord): { superseded?: string } {
    const superseded = this.#records.supersededKey(resource);
    return superseded === undefined ? {} : { superseded };
  }

  #change(change: StateChange): void {
    this.#unsaved.push(change);
    this.#records.apply(change);
  }

  #load({ document, changes }: Stored, vault: Vault): void {
    try {
      if (vault.decrypt(document.keyCheck) !== this.#stack) throw new Error("another stack's state");
      const opened = (resource: ResourceRecord): ResourceRecord => ({
        ...resource,
        inputs: vault.openSecrets(resource.inputs),
        outputs: vault.openSecrets(resource.outputs),
      });
      this.#records.load(
        document.resources.map(opened),
        document.superseded.map(opened),
        document.pending.map((pending) => ({ ...pending, resource: opened(pending.resource) })),
      );
      for (const change of changes) this.#records.apply(withRecords(change, opened));
    } catch (error) {
      throw new EngineRefusal(
        `The state ${this.path} was encrypted with another key than ${join(dirname(this.path), "..", "key")}; put that key back.`,
        { cause: error, exitCode: EXIT.stateUnusable },
      );
    }
    if (document.project !== this.#project) {
      throw new EngineRefusal(
        `Stack "${this.#stack}" must be of project "${this.#project}"; its state ${this.path} is of "${document.project}".`,
        { exitCode: EXIT.stateUnusable },
      );
    }
  }

  async #write(): Promise<void> {
    if (this.#writer === undefined) throw new Error("A state that was given for a preview cannot be saved.");
    await this.#writer.write(this.#records, this.#unsaved.splice(0));
  }
}

/** @throws {EngineRefusal} when it is damaged, or of a newer version. */
function readStored(path: string): Stored {
  let document = readStateFile(path);
  for (let attempt = 1; attempt < READ_ATTEMPTS; attempt += 1) {
    const changes = readJournal(path, document.writing);
    if (changes !== undefined) return { document, changes };
    const again = readStateFile(path);
    if (again.writing === document.writing) break;
    document = again;
  }
  // Left over from before the file was written whole, by whoever died then.
  return { document, changes: [] };
}

function withRecords(change: StateChange, open: (resource: ResourceRecord) => ResourceRecord): StateChange {
  if ("resource" in change) return { ...change, resource: open(change.resource) };
  if (!("pending" in change)) return change;
  return { ...change, pending: { ...change.pending, resource: open(change.pending.resource) } };
}
