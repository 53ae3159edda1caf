import { createHash, generateKeyPairSync } from "node:crypto";
import type { KeyWrapper } from "../../google/key-wrapper.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import { Secret } from "../../workload/secret.ts";
import { createDataKey, EnvelopeBroken, type EnvelopeSubject, seal, unseal } from "../backup/envelope.ts";

/**
 * The key of our one account at a CA: made once, kept encrypted under `accounts/HASH.json`, HASH
 * being the SHA-256 of the directory's URL. Whoever loses the race to make it uses the winner's.
 */
export async function accountKey(
  objects: ObjectStore,
  wrapper: KeyWrapper,
  directoryUrl: string,
): Promise<Secret<string>> {
  const owner = createHash("sha256").update(directoryUrl).digest("hex");
  const subject: EnvelopeSubject = { kind: "acme-account", owner, version: "1" };
  const name = `accounts/${owner}.json`;
  const found = await objects.read(name);
  if (!found) {
    const key = newEcdsaKey();
    const sealed = seal(subject, await createDataKey(wrapper, subject), key, { directoryUrl });
    if ((await objects.create(name, sealed)) === "created") return key;
  }
  const winner = found ?? (await objects.read(name));
  if (!winner) throw new EnvelopeBroken(subject, "was there and is gone");
  return (await unseal(subject, wrapper, winner.bytes)).plaintext;
}

/** ECDSA P-256 in PKCS#8 PEM: what every CA and Fastly accept, and the cheapest at the edge. */
export function newEcdsaKey(): Secret<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return new Secret(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
}
