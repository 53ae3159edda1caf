import { z } from "zod";
import type { AccessTokens } from "../runtime/google/access-tokens.ts";
import type { GoogleDoor } from "./pubsub-client.ts";

/** A stack's platform, as whoever operates it reaches it. */
export interface Target {
  /** `https://API_HOST`, whatever address it is reached by. */
  readonly apiUrl: URL;
  /** An ID token of the operator's account, for the API's audience. */
  idToken(): Promise<string>;
  /** Where to connect for a host's TLS. */
  readonly api: Door;
  readonly edge: Door;
  /** The same without TLS. */
  readonly plain: { readonly api: Door; readonly edge: Door };
  /** The platform's own name at the edge; absent from stacks that were last updated without it. */
  readonly edgeHost?: string;
  /** What the stack's state tells of. */
  resources(): Promise<readonly StackResource[]>;
  /** Pub/Sub, as the operator's account. */
  pubsub(): Promise<GoogleDoor>;
  /** Cloud Logging, as the operator's account, and the project whose log it may write. */
  logging(): Promise<GoogleDoor & { readonly project: string }>;
  /** By name. */
  readonly stages: Stages;
  /** The platform's backups, to which the operator's account may add. @throws {Failure} of a platform without */
  vault(): Promise<Vault>;
}

/** Where certificates with their keys are kept, sealed. */
export interface Vault {
  readonly bucket: string;
  /** Of KMS. */
  readonly key: string;
  /** @default Google's */
  readonly storageEndpoint?: string;
  readonly kmsEndpoint: string;
  /** The operator's. */
  readonly tokens: AccessTokens;
}

export const stagesSchema = z.record(z.string(), z.object({ topic: z.string(), deadLetters: z.string() }));
/** Topics where messages come in, and subscriptions of those that could not be processed. */
export type Stages = Readonly<z.output<typeof stagesSchema>>;

/** A resource of a stack's state, as far as it tells what is deployed. Secrets in it are encrypted. */
export const stackResourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  outputs: z.record(z.string(), z.unknown()).default({}),
});
export type StackResource = z.output<typeof stackResourceSchema>;

/** The project of a service account, `…@PROJECT.iam.gserviceaccount.com`. */
export function projectOf(serviceAccount: string): string {
  return /@([^.]+)\.iam\./.exec(serviceAccount)?.[1] ?? "";
}

/** How connections to a host are made. Without these, DNS and the system's trust store decide. */
export interface Door {
  readonly address?: string;
  readonly port: number;
  /** File that holds the CAs. */
  readonly caFile?: string;
  /** Whether a test CA signs what is shown there, in whom nothing trusts: names and dates are checked, signers are not. */
  readonly hasTestCertificates?: boolean;
}

/** Opens the target that a command's options name. */
export type OpenTarget<Options> = (options: Options) => Promise<Target>;
