import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import { type PendingRecord, type ResourceRecord, STATE_VERSION, type StateDocument } from "./records.ts";
import { renamed } from "./references.ts";
import type { StateChange } from "./state-changes.ts";
import { readStateFile, replaceStateFile } from "./state-file.ts";
import { readJournal, removeJournal, StateJournal } from "./state-journal.ts";
import type { Properties } from "./values.ts";
import { Vault } from "./vault.ts";

/** A journal that is shorter than this, or than the state itself, is not worth a whole writing. */
const MIN_JOURNAL_BYTES = 1_000_000;
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
  /** Put in this update, each after what it needs. */
  readonly #settled = new Map<string, ResourceRecord>();
  /** As the last update left them, in the order of that one. They may need some of `#settled`, never the other way round. */
  readonly #earlier = new Map<string, ResourceRecord>();
  /** By `keyOf`: several of them can have one URN. */
  readonly #superseded = new Map<string, ResourceRecord>();
  readonly #pending = new Map<string, PendingRecord>();
  /** Records as they are written: each is encrypted and serialised once. */
  readonly #written = new WeakMap<ResourceRecord | PendingRecord, string>();
  readonly #unsaved: StateChange[] = [];
  /** Continues what this process has written whole. */
  #journal: StateJournal | undefined;
  #wholeBytes = 0;
  #writing: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  private constructor(path: string, project: string, stack: string, vault: Vault | undefined) {
    this.path = path;
    this.#project = project;
    this.#stack = stack;
    this.#vault = vault;
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
    for (const resource of resources) state.#earlier.set(resource.urn, resource);
    for (const resource of superseded) state.#superseded.set(keyOf(resource), resource);
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
    return [...this.#settled.values(), ...this.#earlier.values()];
  }

  get superseded(): readonly ResourceRecord[] {
    return [...this.#superseded.values()];
  }

  get pending(): readonly PendingRecord[] {
    return [...this.#pending.values()];
  }

  find(urn: string): ResourceRecord | undefined {
    return this.#settled.get(urn) ?? this.#earlier.get(urn);
  }

  /** Records a resource as it is now. `formerUrn` is what it was recorded as, and what others refer to it by, until now. */
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
    if (this.#journal !== undefined && this.#journal.bytes > 0) {
      await this.#journal.close();
      this.#journal = undefined;
      await this.save();
    }
    await removeJournal(this.path);
  }

  #ifSuperseded(resource: ResourceRecord): { superseded?: string } {
    const key = keyOf(resource);
    return this.#superseded.has(key) ? { superseded: key } : {};
  }

  #change(change: StateChange): void {
    this.#unsaved.push(change);
    this.#apply(change);
  }

  #apply(change: StateChange): void {
    switch (change.do) {
      case "put": {
        const { resource, formerUrn } = change;
        this.#pending.delete(resource.urn);
        this.#forget(formerUrn);
        this.#forget(resource.urn);
        this.#settled.set(resource.urn, resource);
        if (formerUrn !== resource.urn) this.#renameReferences(formerUrn, resource.urn);
        return;
      }
      case "amend": {
        const { resource, superseded } = change;
        if (superseded !== undefined) this.#superseded.set(superseded, resource);
        else (this.#settled.has(resource.urn) ? this.#settled : this.#earlier).set(resource.urn, resource);
        return;
      }
      case "supersede": {
        const resource = this.find(change.urn);
        if (resource === undefined) return;
        this.#forget(change.urn);
        const aside = { ...resource, urn: change.as, protect: false };
        this.#superseded.set(keyOf(aside), aside);
        return;
      }
      case "remove":
        if (change.superseded !== undefined) this.#superseded.delete(change.superseded);
        else this.#forget(change.urn);
        return;
      case "intend":
        this.#pending.set(change.pending.resource.urn, change.pending);
        return;
      case "drop-intent":
        this.#pending.delete(change.urn);
    }
  }

  #forget(urn: string): void {
    this.#settled.delete(urn);
    this.#earlier.delete(urn);
  }

  #load({ document, changes }: Stored, vault: Vault): void {
    try {
      if (vault.decrypt(document.keyCheck) !== this.#stack) throw new Error("another stack's state");
      const opened = (resource: ResourceRecord): ResourceRecord => ({
        ...resource,
        inputs: vault.openSecrets(resource.inputs),
        outputs: vault.openSecrets(resource.outputs),
      });
      for (const resource of document.resources) this.#earlier.set(resource.urn, opened(resource));
      for (const resource of document.superseded.map(opened)) {
        this.#superseded.set(keyOf(resource), resource);
      }
      for (const pending of document.pending) {
        this.#pending.set(pending.resource.urn, { ...pending, resource: opened(pending.resource) });
      }
      for (const change of changes) this.#apply(withRecords(change, opened));
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

  #renameReferences(from: string, to: string): void {
    for (const records of [this.#settled, this.#earlier, this.#superseded]) {
      for (const [key, record] of records) records.set(key, renamed(record, from, to));
    }
    for (const [urn, pending] of this.#pending) {
      this.#pending.set(urn, { ...pending, resource: renamed(pending.resource, from, to) });
    }
  }

  async #write(): Promise<void> {
    const vault = this.#vault;
    if (vault === undefined) throw new Error("A state that was given for a preview cannot be saved.");
    const changes = this.#unsaved.splice(0);
    const journal = this.#journal;
    try {
      if (journal === undefined || journal.bytes > Math.max(MIN_JOURNAL_BYTES, this.#wholeBytes)) {
        await this.#writeWhole(vault);
      } else if (changes.length > 0) {
        await journal.append(changes.map((change) => this.#serialiseChange(change, vault)));
      }
    } catch (error) {
      // Nobody knows what of them is there: the next writing is a whole one.
      this.#journal = undefined;
      await journal?.close();
      throw new EngineRefusal(`The state ${this.path} cannot be written: ${(error as Error).message}`, {
        cause: error,
        exitCode: EXIT.stateUnusable,
        general: true,
      });
    }
  }

  async #writeWhole(vault: Vault): Promise<void> {
    const writing = randomUUID();
    const head = {
      version: STATE_VERSION,
      project: this.#project,
      stack: this.#stack,
      keyCheck: vault.encrypt(this.#stack),
      writing,
    };
    const text = `${JSON.stringify(head).slice(0, -1)},
"resources":[
${this.resources.map((resource) => this.#serialise(resource, vault)).join(",\n")}
],"superseded":[
${this.superseded.map((resource) => this.#serialise(resource, vault)).join(",\n")}
],"pending":[
${this.pending.map((pending) => this.#serialise(pending, vault)).join(",\n")}
]}
`;
    await replaceStateFile(this.path, text);
    await this.#journal?.close();
    this.#journal = new StateJournal(this.path, writing);
    this.#wholeBytes = text.length;
  }

  #serialiseChange(change: StateChange, vault: Vault): string {
    if ("resource" in change) {
      const { resource, ...rest } = change;
      return `${JSON.stringify(rest).slice(0, -1)},"resource":${this.#serialise(resource, vault)}}`;
    }
    if (!("pending" in change)) return JSON.stringify(change);
    return `{"do":${JSON.stringify(change.do)},"pending":${this.#serialise(change.pending, vault)}}`;
  }

  #serialise(record: ResourceRecord | PendingRecord, vault: Vault): string {
    let text = this.#written.get(record);
    if (text === undefined) {
      const sealed = (resource: ResourceRecord): ResourceRecord => ({
        ...resource,
        inputs: vault.sealSecrets(resource.inputs),
        outputs: vault.sealSecrets(resource.outputs),
      });
      text = JSON.stringify(
        "resource" in record ? { ...record, resource: sealed(record.resource) } : sealed(record),
      );
      this.#written.set(record, text);
    }
    return text;
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

function keyOf({ urn, id }: ResourceRecord): string {
  return `${urn}::${id}`;
}

function withRecords(change: StateChange, open: (resource: ResourceRecord) => ResourceRecord): StateChange {
  if ("resource" in change) return { ...change, resource: open(change.resource) };
  if (!("pending" in change)) return change;
  return { ...change, pending: { ...change.pending, resource: open(change.pending.resource) } };
}
