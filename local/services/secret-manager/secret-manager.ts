import type { CloudResource, Kernel, Principal } from "../../kernel/contract.ts";
import { RpcRefusal } from "../google/rpc-refusal.ts";

const SECRET = "gcp:secretmanager/secret:Secret";
const SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion";

export interface SecretPayload {
  /** `projects/P/secrets/S/versions/1`: what `latest` stood for. */
  readonly name: string;
  readonly data: Buffer;
}

/** Secret Manager: the values are those of the program's secret versions. */
export class SecretManager {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * @param secretId `projects/P/secrets/S`
   * @param version a number, or `latest`: the newest, even if it is disabled.
   * @throws {PermissionDenied} without secretmanager.versions.access on the secret.
   * @throws {RpcRefusal} NOT_FOUND, or FAILED_PRECONDITION for a disabled version.
   */
  access(principal: Principal, secretId: string, version: string): SecretPayload {
    this.#kernel.iam.require(principal, "secretmanager.versions.access", secretId);
    if (version !== "latest" && !/^[1-9]\d{0,8}$/.test(version)) {
      throw new RpcRefusal(
        "INVALID_ARGUMENT",
        `A secret's version must be a number or "latest"; got "${version.slice(0, 100)}".`,
      );
    }
    if (!this.#kernel.resources.get(SECRET, secretId)) {
      throw new RpcRefusal("NOT_FOUND", `Secret [${secretId}] not found.`);
    }
    const found = this.#versions(secretId).find(
      (candidate) => version === "latest" || numberOf(candidate) === Number(version),
    );
    if (!found) {
      throw new RpcRefusal("NOT_FOUND", `Secret [${secretId}] has no version "${version}".`);
    }
    const name = `${secretId}/versions/${numberOf(found)}`;
    if (found.properties.enabled === false) {
      throw new RpcRefusal("FAILED_PRECONDITION", `Secret Version [${name}] is in DISABLED state.`);
    }
    return { name, data: dataOf(found, name) };
  }

  /** Newest first. */
  #versions(secretId: string): readonly CloudResource[] {
    return this.#kernel.resources
      .list(SECRET_VERSION)
      .filter(({ properties }) => properties.secret === secretId)
      .sort((a, b) => numberOf(b) - numberOf(a));
  }
}

function numberOf({ properties }: CloudResource): number {
  return Number(properties.version);
}

function dataOf({ properties }: CloudResource, name: string): Buffer {
  const value = properties.secretData ?? properties.secretDataWo;
  if (typeof value !== "string")
    throw new RpcRefusal("FAILED_PRECONDITION", `Secret Version [${name}] has no payload.`);
  return Buffer.from(value, properties.isSecretDataBase64 === true ? "base64" : "utf8");
}
