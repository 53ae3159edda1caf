import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpApi, Kernel, Principal } from "../../kernel/contract.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson, answerRefusal, RpcRefusal } from "../google/rpc-refusal.ts";
import { crc32c } from "../kms/checked-bytes.ts";
import { SecretManager } from "./secret-manager.ts";

const HOST = "secretmanager.googleapis.com";
const SECRETS = /^\/v1\/projects\/[^/]+\/secrets(?:\/|$)/;
const ACCESS = /^\/v1\/(projects\/[^/]+\/secrets\/[^/]+)\/versions\/([^/:]+):access$/;

/** Secret Manager over HTTP: reading a version's payload. */
export class SecretManagerApi implements HttpApi {
  readonly name = "secret-manager";
  readonly #secrets: SecretManager;

  constructor(kernel: Kernel) {
    this.#secrets = new SecretManager(kernel);
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => SECRETS.test(path));
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [, secretId, version] = ACCESS.exec(pathOf(request)) ?? [];
      if (secretId === undefined || version === undefined || request.method !== "GET") {
        throw new RpcRefusal(
          "UNIMPLEMENTED",
          `The local Secret Manager has only GET …/secrets/SECRET/versions/VERSION:access; got ${request.method} ${pathOf(request).slice(0, 200)}.`,
        );
      }
      const { name, data } = this.#secrets.access(principal, secretId, version);
      answerJson(response, 200, {
        name,
        payload: { data: data.toString("base64"), dataCrc32c: crc32c(data) },
      });
    } catch (error) {
      answerRefusal(response, error);
      request.resume();
    }
  }
}
