import { X509Certificate } from "node:crypto";
import { type DerValue, derValues, oid, TAG } from "./der.ts";

const AUTHORITY_KEY_ID = oid("2.5.29.35").subarray(2);
/** `[0]`: the key's identifier, in the extension that names the authority's key. */
const KEY_ID = 0x80;

/**
 * A certificate's name in ARI and in `replaces`: its issuer's key and its serial number.
 * `undefined` for one that does not say which key signed it.
 *
 * It is asked for at every check of every domain, so no more of the certificate is read than that.
 *
 * @param chainPem PEM, leaf first
 * @see https://www.rfc-editor.org/rfc/rfc9773#section-4.1
 */
export function certificateIdOf(chainPem: string): string | undefined {
  return certificateIdIn(new X509Certificate(chainPem).raw);
}

/** @param raw the leaf in DER */
export function certificateIdIn(raw: Buffer): string | undefined {
  const [certificate] = derValues(raw);
  const [signed] = valuesIn(certificate);
  const fields = valuesIn(signed);
  // The first integer: the version before it is tagged.
  const serial = fields.find(({ tag }) => tag === TAG.integer)?.contents;
  const extensions = valuesIn(valuesIn(fields.find(({ tag }) => tag === TAG.extensions))[0]);
  const keyId = extensions.map(authorityKeyId).find((found) => found !== undefined);
  return keyId && serial && `${keyId.toString("base64url")}.${serial.toString("base64url")}`;
}

function authorityKeyId(extension: DerValue): Buffer | undefined {
  const parts = valuesIn(extension);
  if (!parts[0]?.contents.equals(AUTHORITY_KEY_ID)) return undefined;
  const [identifier] = derValues(parts.at(-1)?.contents ?? Buffer.alloc(0));
  return valuesIn(identifier).find(({ tag }) => tag === KEY_ID)?.contents;
}

function valuesIn(value: DerValue | undefined): readonly DerValue[] {
  return value ? derValues(value.contents) : [];
}
