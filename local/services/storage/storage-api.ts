import type { IncomingMessage, ServerResponse } from "node:http";
import { answerText } from "../../kernel/answer-text.ts";
import type { HttpApi, Principal } from "../../kernel/contract.ts";
import { PermissionDenied } from "../../kernel/refusals.ts";
import { BodyTooLarge } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { getNotification, getNotifications } from "./notification-reads.ts";
import { composeObject } from "./object-compose.ts";
import { getBucket, getBuckets, getObject, getObjects } from "./object-reads.ts";
import { restoreObject } from "./object-restore.ts";
import { insertObject, insertWithoutMedia } from "./object-uploads.ts";
import { copyObject, deleteObject, describeObject } from "./object-writes.ts";
import { cancelUpload, continueUpload } from "./resumable-uploads.ts";
import { StorageCall, type StorageDeps } from "./storage-call.ts";
import { notImplemented, StorageRefusal } from "./storage-refusal.ts";
import { isSignedUrl, isStoragePath, routeStorage } from "./storage-route.ts";

const HOSTS = ["storage.googleapis.com", "www.googleapis.com"];

/** Cloud Storage's JSON API. */
export class StorageApi implements HttpApi {
  readonly name = "storage";
  readonly #deps: StorageDeps;

  constructor(deps: StorageDeps) {
    this.#deps = deps;
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, HOSTS, isStoragePath) || isSignedUrl(request.url ?? "");
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (isSignedUrl(request.url ?? "")) throw notImplemented("signed URLs");
      refuseUnsupportedHeaders(request);
      await dispatch(new StorageCall(this.#deps, principal, request, response));
    } catch (error) {
      const hungUp = response.destroyed || (request.destroyed && !request.complete);
      if (hungUp) return;
      if (response.headersSent) throw error;
      answerRefusal(response, asRefusal(error));
      // What is left of the body goes, or it would stand before the connection's next request.
      request.resume();
    }
  }
}

async function dispatch(call: StorageCall): Promise<void> {
  const route = routeStorage(pathOf(call.request));
  const method = call.request.method ?? "";
  const action = `${method} ${route.kind}`;
  if (route.kind === "buckets") {
    if (method === "GET") return getBuckets(call);
  } else if (route.kind === "bucket") {
    if (method === "GET") return getBucket(call, route.bucket);
  } else if (route.kind === "objects") {
    if (method === "GET") return getObjects(call, route.bucket);
    if (method === "POST") return insertWithoutMedia();
  } else if (route.kind === "upload") {
    if (method === "POST") return insertObject(call, route.bucket);
    if (method === "PUT") return continueUpload(call, route.bucket);
    if (method === "DELETE") return cancelUpload(call, route.bucket);
  } else if (route.kind === "object") {
    if (method === "GET") return getObject(call, route.bucket, route.name);
    if (method === "PATCH" || method === "PUT") return describeObject(call, route.bucket, route.name);
    if (method === "DELETE") return deleteObject(call, route.bucket, route.name);
  } else if (route.kind === "notifications") {
    if (method === "GET") return getNotifications(call, route.bucket);
  } else if (route.kind === "notification") {
    if (method === "GET") return getNotification(call, route.bucket, route.id);
  } else if (route.kind === "compose") {
    if (method === "POST") return composeObject(call, route.bucket, route.name);
  } else if (route.kind === "restore") {
    if (method === "POST") return restoreObject(call, route.bucket, route.name);
  } else if (route.kind === "copy" || route.kind === "rewrite") {
    if (method === "POST") return copyObject(call, route);
  }
  const reason = /^(bucket|notification)/.test(route.kind)
    ? " (buckets and their notifications are the program's to change)"
    : "";
  throw notImplemented(`${action}${reason}`);
}

/** These would change what is stored or returned. */
function refuseUnsupportedHeaders(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) {
    if (/^(if-(none-)?match|x-goog-(copy-source-)?encryption-.*|x-http-method-override)$/.test(name)) {
      throw notImplemented(`the header "${name}"`);
    }
  }
}

function asRefusal(error: unknown): StorageRefusal {
  if (error instanceof StorageRefusal) return error;
  if (error instanceof PermissionDenied) return new StorageRefusal(403, "forbidden", error.message);
  if (error instanceof BodyTooLarge) return new StorageRefusal(413, "uploadTooLarge", error.message);
  throw error;
}

function answerRefusal(response: ServerResponse, refusal: StorageRefusal): void {
  if (refusal.code === 304) {
    response.writeHead(304).end();
    return;
  }
  answerText(response, refusal.code, "application/json; charset=UTF-8", JSON.stringify(refusal));
}
