import { readFileSync } from "node:fs";
import { PubSub, v1 } from "@google-cloud/pubsub";
import { type Bucket, Storage } from "@google-cloud/storage";
import { credentials } from "@grpc/grpc-js";
import { z } from "zod";
import { openKeyWrapper } from "../../runtime/google/key-wrapper.ts";
import type { AcmeDoor } from "./acme.ts";
import type { FastlyDoor } from "./fastly.ts";
import type { PubSubDoor, RestDoor } from "./google.ts";

const DEADLINE_MS = 30_000;

/** What the suites of Google's services work on, which is there already; and other places than Google's, which need no credentials. */
export const placeSchema = z.strictObject({
  bucket: z.string().min(1),
  topic: z.string().regex(/^projects\/[^/]+\/topics\/[^/]+$/, "must be projects/P/topics/T"),
  subscription: z
    .string()
    .regex(/^projects\/[^/]+\/subscriptions\/[^/]+$/, "must be projects/P/subscriptions/S"),
  key: z
    .string()
    .regex(/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/, "must be a key's name"),
  secret: z.string().regex(/^projects\/[^/]+\/secrets\/[^/]+$/, "must be projects/P/secrets/S"),
  elsewhere: z
    .strictObject({
      http: z.url(),
      grpcPort: z.int().positive(),
      fastly: z.url().optional(),
    })
    .optional(),
});
export type Place = z.output<typeof placeSchema>;

/** @throws where the file cannot be read, or breaks a rule */
export function readPlace(file: string): Place {
  const place = placeSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (place.success) return place.data;
  throw new Error(`${file}: ${z.prettifyError(place.error)}`);
}

export function openBucket(project: string, { bucket, elsewhere }: Place): Bucket {
  const retryOptions = { autoRetry: elsewhere === undefined };
  const storage = new Storage({
    projectId: project,
    retryOptions,
    ...(elsewhere && { apiEndpoint: elsewhere.http }),
  });
  return storage.bucket(bucket);
}

/** Closed by whoever opened it. */
export function openPubSub(
  project: string,
  { topic, subscription, elsewhere }: Place,
): PubSubDoor & AsyncDisposable {
  const client = new PubSub({
    projectId: project,
    ...(elsewhere && { apiEndpoint: `127.0.0.1:${elsewhere.grpcPort}`, emulatorMode: true }),
  });
  const puller = new v1.SubscriberClient({
    projectId: project,
    ...(elsewhere && {
      apiEndpoint: "127.0.0.1",
      port: elsewhere.grpcPort,
      sslCreds: credentials.createInsecure(),
    }),
  });
  return {
    client,
    puller,
    topic,
    subscription,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close(), puller.close()]);
    },
  };
}

export interface Tokens {
  get(): Promise<string>;
}

export function openKey({ key, elsewhere }: Place, tokens: Tokens) {
  return openKeyWrapper({ endpoint: elsewhere?.http ?? "https://cloudkms.googleapis.com", key, tokens });
}

export function openRest(project: string, { secret, elsewhere }: Place, tokens: Tokens): RestDoor {
  const origins = {
    secretManager: elsewhere?.http ?? "https://secretmanager.googleapis.com",
    logging: elsewhere?.http ?? "https://logging.googleapis.com",
  };
  return {
    project,
    secret,
    async send(service, method, path, body) {
      const response = await fetch(`${origins[service]}${path}`, {
        method,
        headers: { authorization: `Bearer ${await tokens.get()}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}

/** What is not Google's. */
export interface OtherDoors {
  readonly fastly?: FastlyDoor;
  readonly acme?: AcmeDoor;
}
