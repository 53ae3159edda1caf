import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import * as z from "zod";
import { type KeyWrapper, KmsError } from "../../google/key-wrapper.ts";
import { Secret } from "../../workload/secret.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
/** 96 random bits: a data key seals two envelopes at most, so a repetition is out of reach. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BAD_REQUEST = 400;

/** What an envelope belongs to. All of it is authenticated: an envelope under another name does not open. */
export interface EnvelopeSubject {
  readonly kind: "order-key" | "certificate" | "acme-account";
  /** The domain; for an account, the hash of the CA's directory URL. */
  readonly owner: string;
  readonly version: string;
}

const envelopeSchema = z.object({
  format: z.literal("envelope/1"),
  kind: z.enum(["order-key", "certificate", "acme-account"]),
  owner: z.string(),
  version: z.string(),
  createdAt: z.iso.datetime(),
  /** Readable without decryption, and not authenticated: for people and listings, never for decisions. */
  description: z.record(z.string(), z.string()),
  algorithm: z.literal("AES-256-GCM"),
  /** The data key under KMS, base64. */
  wrappedKey: z.base64(),
  nonce: z.base64(),
  /** Ciphertext with its 16-byte tag, base64. */
  ciphertext: z.base64(),
});

/** Bytes that are not an envelope, or not this one, or were changed. */
export class EnvelopeBroken extends Error {
  readonly code = "ENVELOPE_BROKEN";

  constructor({ kind, owner, version }: EnvelopeSubject, reason: string, options?: ErrorOptions) {
    super(`The ${kind} envelope of "${owner}", version "${version}", ${reason}.`, options);
    this.name = "EnvelopeBroken";
  }
}

/** A key for one owner and version, in the clear and as KMS wrapped it. */
export interface DataKey {
  readonly key: Secret<Buffer>;
  readonly wrapped: Buffer;
}

type DataKeyOwner = Omit<EnvelopeSubject, "kind">;

/** One call of KMS. */
export async function createDataKey(wrapper: KeyWrapper, owner: DataKeyOwner): Promise<DataKey> {
  const key = new Secret(randomBytes(KEY_BYTES));
  return { key, wrapped: await wrapper.wrap(key, keyContext(owner)) };
}

/** No call of KMS. The bytes are JSON in UTF-8. */
export function seal(
  subject: EnvelopeSubject,
  { key, wrapped }: DataKey,
  plaintext: Secret<string>,
  description: Readonly<Record<string, string>> = {},
): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.reveal(), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context(subject));
  const ciphertext = Buffer.concat([
    cipher.update(plaintext.reveal(), "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const envelope: z.input<typeof envelopeSchema> = {
    format: "envelope/1",
    kind: subject.kind,
    owner: subject.owner,
    version: subject.version,
    createdAt: new Date().toISOString(),
    description: { ...description },
    algorithm: "AES-256-GCM",
    wrappedKey: wrapped.toString("base64"),
    nonce: nonce.toString("base64"),
    ciphertext: ciphertext.toString("base64"),
  };
  return Buffer.from(JSON.stringify(envelope, undefined, 2));
}

/**
 * One call of KMS. Also gives back the data key, for a second envelope of the same owner and version.
 *
 * @throws {EnvelopeBroken} @throws {KmsError}
 */
export async function unseal(
  subject: EnvelopeSubject,
  wrapper: KeyWrapper,
  bytes: Buffer,
): Promise<{ readonly plaintext: Secret<string>; readonly dataKey: DataKey }> {
  const envelope = parse(subject, bytes);
  const wrapped = Buffer.from(envelope.wrappedKey, "base64");
  const key = await unwrapped(subject, wrapper, wrapped);
  const nonce = Buffer.from(envelope.nonce, "base64");
  const sealed = Buffer.from(envelope.ciphertext, "base64");
  try {
    const decipher = createDecipheriv(ALGORITHM, key.reveal(), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(context(subject));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plaintext = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    return { plaintext: new Secret(plaintext.toString("utf8")), dataKey: { key, wrapped } };
  } catch (cause) {
    throw new EnvelopeBroken(subject, "does not open", { cause });
  }
}

/** KMS answers 400 for what it never wrapped for this subject, or wrapped under a key version that is gone. */
async function unwrapped(
  subject: EnvelopeSubject,
  wrapper: KeyWrapper,
  wrapped: Buffer,
): Promise<Secret<Buffer>> {
  try {
    return await wrapper.unwrap(wrapped, keyContext(subject));
  } catch (cause) {
    if (!(cause instanceof KmsError) || cause.status !== BAD_REQUEST) throw cause;
    throw new EnvelopeBroken(subject, `has a key that does not open (${cause.message})`, { cause });
  }
}

function parse(subject: EnvelopeSubject, bytes: Buffer): z.output<typeof envelopeSchema> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new EnvelopeBroken(subject, "is not JSON", { cause });
  }
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) {
    throw new EnvelopeBroken(subject, `is not as its format says (${z.prettifyError(parsed.error)})`);
  }
  return parsed.data;
}

/** JSON keeps the parts apart: no owner can end where another's version begins. */
function context({ kind, owner, version }: EnvelopeSubject): Buffer {
  return Buffer.from(JSON.stringify(["envelope/1", kind, owner, version]));
}

function keyContext({ owner, version }: DataKeyOwner): Buffer {
  return Buffer.from(JSON.stringify(["envelope/1", owner, version]));
}
