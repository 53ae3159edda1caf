import type { IncomingMessage, ServerResponse } from "node:http";
import { answerText } from "../../kernel/answer-text.ts";
import type { Kernel, Principal } from "../../kernel/contract.ts";
import { type BucketSettings, requireBucket } from "./bucket-settings.ts";
import type { ByteStore } from "./byte-store.ts";
import type { ObjectLedger } from "./object-ledger.ts";
import { objectResource } from "./object-resource.ts";
import type { ObjectTable } from "./object-table.ts";
import type { ObjectVersion } from "./object-version.ts";
import type { SoftDeletedTable } from "./soft-deleted-table.ts";
import { invalid } from "./storage-refusal.ts";
import type { UploadSessions } from "./upload-sessions.ts";

/** Longest that the bytes of one request or response may take. */
const TRANSFER_DEADLINE_MS = 10 * 60 * 1000;
/** These may leave parts of an answer out: here it always has them all. */
const EVERYWHERE = ["alt", "fields", "prettyPrint", "projection"];

/** What the handlers work on. */
export interface StorageDeps {
  readonly kernel: Kernel;
  readonly table: ObjectTable;
  readonly softDeleted: SoftDeletedTable;
  readonly bytes: ByteStore;
  readonly ledger: ObjectLedger;
  readonly sessions: UploadSessions;
}

/** One request, with what every method asks of it. */
export class StorageCall {
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly deps: StorageDeps;

  constructor(deps: StorageDeps, principal: Principal, request: IncomingMessage, response: ServerResponse) {
    this.deps = deps;
    this.principal = principal;
    this.request = request;
    this.response = response;
    const url = request.url ?? "";
    this.query = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");
  }

  /** @throws {StorageRefusal} 400 for a parameter that would otherwise be ignored. */
  accept(...parameters: readonly string[]): void {
    for (const name of this.query.keys()) {
      if (!parameters.includes(name) && !EVERYWHERE.includes(name)) {
        throw invalid(
          `The local Cloud Storage does not support the parameter "${name}" on this method.`,
          name,
        );
      }
    }
  }

  bucket(name: string): BucketSettings {
    return requireBucket(this.deps.kernel.resources, name);
  }

  /** @throws {PermissionDenied} */
  authorize(permission: string, bucket: string): void {
    this.deps.kernel.iam.require(this.principal, permission, `buckets/${bucket}`);
  }

  get origin(): string {
    const isTls = "encrypted" in this.request.socket;
    return `${isTls ? "https" : "http"}://${this.request.headers.host ?? "storage.googleapis.com"}`;
  }

  /** Ends whatever it is given to when a transfer takes too long. */
  deadline(): AbortSignal {
    return AbortSignal.timeout(TRANSFER_DEADLINE_MS);
  }

  /** The request's bytes as they come. Leaving it early leaves the connection whole, for the answer. */
  async *body(): AsyncGenerator<Buffer, undefined> {
    const deadline = setTimeout(
      () => this.request.destroy(new Error("The upload took too long.")),
      TRANSFER_DEADLINE_MS,
    );
    try {
      yield* this.request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
    } finally {
      clearTimeout(deadline);
    }
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  }

  answer(body: object, status = 200): void {
    answerText(this.response, status, "application/json; charset=UTF-8", JSON.stringify(body));
  }

  answerObject(version: ObjectVersion, bucket: BucketSettings): void {
    this.answer(objectResource(version, bucket, this.origin));
  }
}
