import { textOf } from "../../../kernel/property-values.ts";
import { readPrivateKey } from "../certificate-facts.ts";
import type { FastlyStore, StoredKey } from "../fastly-store.ts";
import { ApiError, badRequest, notFound } from "./api-error.ts";
import type { Endpoint } from "./endpoint.ts";
import { attributesOf, type Entity, filters, page } from "./json-api.ts";

const TYPE = "tls_private_key";

/** @see https://www.fastly.com/documentation/reference/api/tls/custom-certs/private-keys/ */
export function privateKeys(store: FastlyStore): Endpoint {
  const find = (id: string): StoredKey => {
    const key = store.find("keys", { id });
    if (!key) throw notFound("a private key", id);
    return key;
  };
  const isInUse = ({ public_key_sha1 }: StoredKey) =>
    store.find("certificates", { public_key_sha1 }) !== undefined;
  return {
    path: "/tls/private_keys",
    mediaType: "application/vnd.api+json",
    list(call) {
      const { in_use: inUse } = filters(call, ["in_use"]);
      if (inUse !== undefined && inUse !== "true" && inUse !== "false") {
        throw badRequest(`filter[in_use] must be true or false; got "${inUse}".`);
      }
      const keys = inUse === undefined ? store.list("keys") : store.keysInUse(inUse === "true");
      return page(call, keys, entity);
    },
    get: (id) => ({ status: 200, body: { data: entity(find(id)) } }),
    create(call) {
      const { key, name } = attributesOf(call, TYPE);
      const pem = textOf(key);
      if (pem === undefined) throw badRequest("data.attributes.key must be a private key in PEM.");
      const facts = readFacts(pem);
      if (store.find("keys", { public_key_sha1: facts.publicKeySha1 })) {
        throw new ApiError(409, "Conflict", "The private key has been uploaded already.");
      }
      const stored = store.add("keys", {
        name: textOf(name) ?? "",
        key_pem: pem,
        key_type: facts.keyType,
        key_length: facts.keyLength,
        public_key_sha1: facts.publicKeySha1,
        created_at: new Date().toISOString(),
      });
      return { status: 201, body: { data: entity(stored) } };
    },
    remove(id) {
      const key = find(id);
      if (isInUse(key)) {
        throw new ApiError(
          403,
          "Forbidden",
          "A private key can't be deleted while a certificate matches it.",
        );
      }
      store.remove("keys", id);
      return { status: 204 };
    },
  };
}

function readFacts(pem: string): ReturnType<typeof readPrivateKey> {
  try {
    return readPrivateKey(pem);
  } catch (error) {
    throw badRequest(`data.attributes.${(error as Error).message}.`);
  }
}

/** The key itself never leaves. */
function entity({ id, name, key_type, key_length, public_key_sha1, created_at }: StoredKey): Entity {
  return {
    id,
    type: TYPE,
    attributes: { name, key_type, key_length, public_key_sha1, replace: false, created_at },
  };
}
