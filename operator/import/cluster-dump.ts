import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { Secret } from "../../runtime/workload/secret.ts";

const CERT_MANAGER = "cert-manager.io/";

/** Of a cluster, what cert-manager keeps a certificate in. */
export interface CertificateSecret {
  readonly namespace: string;
  readonly name: string;
  readonly isCertManagers: boolean;
  readonly chainPem: string;
  readonly keyPem: Secret<string>;
}

export interface Dump {
  readonly secrets: readonly CertificateSecret[];
  /** Names that the CDN is said to have an activation for. */
  readonly activated: readonly string[];
}

const secretSchema = z.looseObject({
  kind: z.literal("Secret"),
  type: z.literal("kubernetes.io/tls"),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().default("default"),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  data: z.looseObject({ "tls.crt": z.base64(), "tls.key": z.base64() }),
});
const activationSchema = z.looseObject({
  type: z.literal("tls_activation"),
  relationships: z.looseObject({ tls_domain: z.looseObject({ data: z.looseObject({ id: z.string() }) }) }),
});

/**
 * What is of use in what `kubectl get secrets -A -o yaml` (or `json`) wrote, or in pages of Fastly's
 * `GET /tls/activations`; all else in it is nothing to us.
 *
 * @throws {SyntaxError} without a word of the text, which is full of private keys
 */
export function readDump(text: string): Dump {
  const secrets: CertificateSecret[] = [];
  const activated: string[] = [];
  for (const object of objectsIn(text)) {
    const secret = secretSchema.safeParse(object);
    if (secret.success) secrets.push(certificateSecret(secret.data));
    const activation = activationSchema.safeParse(object);
    if (activation.success) activated.push(activation.data.relationships.tls_domain.data.id);
  }
  return { secrets, activated };
}

/** Items of lists and documents, however deep lists are in each other. */
function* objectsIn(text: string): Generator<unknown> {
  for (const document of documentsIn(text)) yield* itemsOf(document);
}

function* itemsOf(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const one of value) yield* itemsOf(one);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const { items, data } = value as { readonly items?: unknown; readonly data?: unknown };
  if (Array.isArray(items)) yield* itemsOf(items);
  else if (Array.isArray(data)) yield* itemsOf(data);
  else yield value;
}

function documentsIn(text: string): readonly unknown[] {
  if (/^\s*[[{]/.test(text)) {
    try {
      return [JSON.parse(text)];
    } catch {
      // YAML may begin like JSON.
    }
  }
  const documents = parseAllDocuments(text, { logLevel: "silent" });
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken)
    throw new SyntaxError(`is neither YAML nor JSON, from line ${broken.linePos?.[0].line ?? 1} on`);
  return documents.map((document) => document.toJS() as unknown);
}

function certificateSecret({ metadata, data }: z.output<typeof secretSchema>): CertificateSecret {
  const { namespace, name, annotations } = metadata;
  const decoded = (value: string) => Buffer.from(value, "base64").toString("utf8");
  return {
    namespace,
    name,
    isCertManagers: Object.keys(annotations ?? {}).some((key) => key.startsWith(CERT_MANAGER)),
    chainPem: decoded(data["tls.crt"]),
    keyPem: new Secret(decoded(data["tls.key"])),
  };
}
