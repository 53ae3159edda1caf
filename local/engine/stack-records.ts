import type { PendingRecord, ResourceRecord } from "./records.ts";
import { renamed } from "./references.ts";
import type { StateChange } from "./state-changes.ts";

/** The records of a stack in memory. They are replaced, never changed, and only by a `StateChange`. */
export class StackRecords {
  /** Put in this update, each after what it needs. */
  readonly #settled = new Map<string, ResourceRecord>();
  /** As the last update left them, in the order of that one. They may need some of `#settled`, never the other way round. */
  readonly #earlier = new Map<string, ResourceRecord>();
  /** By `keyOf`: several of them can have one URN. */
  readonly #superseded = new Map<string, ResourceRecord>();
  readonly #pending = new Map<string, PendingRecord>();

  /** What the last update left. */
  load(
    resources: readonly ResourceRecord[],
    superseded: readonly ResourceRecord[],
    pending: readonly PendingRecord[],
  ): void {
    for (const resource of resources) this.#earlier.set(resource.urn, resource);
    for (const resource of superseded) this.#superseded.set(keyOf(resource), resource);
    for (const intent of pending) this.#pending.set(intent.resource.urn, intent);
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

  /** The key of a record that was set aside; undefined for a current one. */
  supersededKey(resource: ResourceRecord): string | undefined {
    const key = keyOf(resource);
    return this.#superseded.has(key) ? key : undefined;
  }

  apply(change: StateChange): void {
    switch (change.do) {
      case "put": {
        const { resource, formerUrn } = change;
        this.#pending.delete(resource.urn);
        this.#forget(formerUrn);
        this.#forget(resource.urn);
        // A program that goes back on a replacement whose update ended early gets what was set aside, which thus stays.
        this.#superseded.delete(keyOf(resource));
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

  #renameReferences(from: string, to: string): void {
    for (const records of [this.#settled, this.#earlier, this.#superseded]) {
      for (const [key, record] of records) records.set(key, renamed(record, from, to));
    }
    for (const [urn, pending] of this.#pending) {
      this.#pending.set(urn, { ...pending, resource: renamed(pending.resource, from, to) });
    }
  }
}

function keyOf({ urn, id }: ResourceRecord): string {
  return `${urn}::${id}`;
}
