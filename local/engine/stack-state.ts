import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import {
  type PendingRecord,
  type ResourceRecord,
  STATE_VERSION,
  type StateDocument,
  stateDocument,
} from "./records.ts";
import { renamed } from "./references.ts";
import { migrated } from "./state-migration.ts";
import type { Properties } from "./values.ts";
import { Vault } from "./vault.ts";

/** Resources as somebody else recorded them. */
export interface GivenState {
  readonly resources: readonly ResourceRecord[];
  readonly superseded: readonly ResourceRecord[];
}

/** What the engine knows of a stack, in `STATE_DIR/stacks/STACK.json`. Records are replaced, never changed. */
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
  readonly #superseded = new Set<ResourceRecord>();
  readonly #pending = new Map<string, PendingRecord>();
  /** Records as they are written: each is encrypted and serialised once. */
  readonly #written = new WeakMap<ResourceRecord | PendingRecord, string>();
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
    const document = existsSync(path) ? readDocument(path) : undefined;
    const vault = Vault.open(stateDir, stack, document === undefined);
    const state = new StackState(path, project, stack, vault);
    if (document !== undefined) state.#load(document, vault);
    return state;
  }

  /**
   * Reads a state that is there, of whatever project.
   * @throws {EngineRefusal} as `open`.
   */
  static read(stateDir: string, stack: string): StackState {
    const path = join(stateDir, "stacks", `${stack}.json`);
    const document = readDocument(path);
    const vault = Vault.open(stateDir, stack, false);
    const state = new StackState(path, document.project, stack, vault);
    state.#load(document, vault);
    return state;
  }

  /** A state for a preview: it starts from what is given, and cannot be saved. */
  static given(project: string, stack: string, { resources, superseded }: GivenState): StackState {
    const state = new StackState("", project, stack, undefined);
    for (const resource of resources) state.#earlier.set(resource.urn, resource);
    for (const resource of superseded) state.#superseded.add(resource);
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
    return [...this.#superseded];
  }

  get pending(): readonly PendingRecord[] {
    return [...this.#pending.values()];
  }

  find(urn: string): ResourceRecord | undefined {
    return this.#settled.get(urn) ?? this.#earlier.get(urn);
  }

  /** Records a resource as it is now. `formerUrn` is what it was recorded as, and what others refer to it by, until now. */
  put(resource: ResourceRecord, formerUrn = resource.urn): void {
    const { urn } = resource;
    this.#pending.delete(urn);
    for (const known of [formerUrn, urn]) {
      this.#settled.delete(known);
      this.#earlier.delete(known);
    }
    this.#settled.set(urn, resource);
    if (formerUrn !== urn) this.#renameReferences(formerUrn, urn);
  }

  /** Replaces a record in its place. */
  amend(old: ResourceRecord, next: ResourceRecord): void {
    if (this.#superseded.delete(old)) this.#superseded.add(next);
    else (this.#settled.has(next.urn) ? this.#settled : this.#earlier).set(next.urn, next);
  }

  /**
   * Sets the current record of a URN aside for deletion: the next `put` is its replacement, under the URN `as`.
   * Protection was asked after before it was replaced.
   */
  supersede(urn: string, as = urn): void {
    const resource = this.find(urn);
    if (resource === undefined) return;
    this.#settled.delete(urn);
    this.#earlier.delete(urn);
    this.#superseded.add({ ...resource, urn: as, protect: false });
  }

  remove(resource: ResourceRecord): void {
    if (this.#superseded.delete(resource)) return;
    this.#settled.delete(resource.urn);
    this.#earlier.delete(resource.urn);
  }

  putPending(pending: PendingRecord): void {
    this.#pending.set(pending.resource.urn, pending);
  }

  removePending(urn: string): void {
    this.#pending.delete(urn);
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

  #load(document: StateDocument, vault: Vault): void {
    try {
      if (vault.decrypt(document.keyCheck) !== this.#stack) throw new Error("another stack's state");
      const opened = (resource: ResourceRecord): ResourceRecord => ({
        ...resource,
        inputs: vault.openSecrets(resource.inputs),
        outputs: vault.openSecrets(resource.outputs),
      });
      for (const resource of document.resources) this.#earlier.set(resource.urn, opened(resource));
      for (const resource of document.superseded) this.#superseded.add(opened(resource));
      for (const pending of document.pending) {
        this.#pending.set(pending.resource.urn, { ...pending, resource: opened(pending.resource) });
      }
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
    for (const records of [this.#settled, this.#earlier]) {
      for (const [urn, record] of records) records.set(urn, renamed(record, from, to));
    }
    const superseded = [...this.#superseded].map((record) => renamed(record, from, to));
    this.#superseded.clear();
    for (const record of superseded) this.#superseded.add(record);
    for (const [urn, pending] of this.#pending) {
      this.#pending.set(urn, { ...pending, resource: renamed(pending.resource, from, to) });
    }
  }

  async #write(): Promise<void> {
    const vault = this.#vault;
    if (vault === undefined) throw new Error("A state that was given for a preview cannot be saved.");
    const head = { version: STATE_VERSION, project: this.#project, stack: this.#stack };
    const text = `${JSON.stringify(head).slice(0, -1)},"keyCheck":${JSON.stringify(vault.encrypt(this.#stack))},
"resources":[
${this.resources.map((resource) => this.#serialise(resource, vault)).join(",\n")}
],"superseded":[
${this.superseded.map((resource) => this.#serialise(resource, vault)).join(",\n")}
],"pending":[
${this.pending.map((pending) => this.#serialise(pending, vault)).join(",\n")}
]}
`;
    try {
      await this.#replaceFile(text);
    } catch (error) {
      throw new EngineRefusal(`The state ${this.path} cannot be written: ${(error as Error).message}`, {
        cause: error,
        exitCode: EXIT.stateUnusable,
        general: true,
      });
    }
  }

  /** Under another name first: whoever reads the state, or is killed while writing it, never has half of it. */
  async #replaceFile(text: string): Promise<void> {
    mkdirSync(dirname(this.path), { recursive: true });
    const draft = `${this.path}.${process.pid}.tmp`;
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(draft, this.path);
    // The rename itself is durable only once the folder is.
    const folder = await open(dirname(this.path), "r");
    await folder.sync().finally(() => folder.close());
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

function readDocument(path: string): StateDocument {
  const refuse = (reason: string, cause?: unknown): EngineRefusal =>
    new EngineRefusal(`The state ${path} ${reason}`, { cause, exitCode: EXIT.stateUnusable });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse("is damaged: it is not complete JSON. Nothing was changed; restore it from a copy.", error);
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > STATE_VERSION) {
    throw refuse(
      `is of version ${version}, and this engine reads up to ${STATE_VERSION}; use a newer engine.`,
    );
  }
  const parsed = stateDocument.safeParse(migrated(json as Readonly<Record<string, unknown>>));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`is damaged: ${issue?.path.join(".") || "it"} ${issue?.message}.`, parsed.error);
}
