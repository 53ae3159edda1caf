import { randomUUID } from "node:crypto";
import type { PubSub, v1 } from "@google-cloud/pubsub";
import type { Bucket, File } from "@google-cloud/storage";
import type { KeyWrapper } from "../../runtime/google/key-wrapper.ts";
import { Secret } from "../../runtime/workload/secret.ts";
import { refusal, type Suite } from "./suite.ts";

const NEW = { preconditionOpts: { ifGenerationMatch: 0 } };
const DATA_KEY = Buffer.from("a data key of 32 bytes, as it is");
const OWNER = Buffer.from("shop.example.test/1");

export interface PubSubDoor {
  readonly client: PubSub;
  readonly puller: v1.SubscriberClient;
  readonly topic: string;
  readonly subscription: string;
}

export interface RestDoor {
  readonly project: string;
  readonly secret: string;
  /** A request to Secret Manager or Cloud Logging. */
  send(
    service: "secretManager" | "logging",
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }>;
}

/** In a folder of its own, which is taken away. */
async function withFolder<Seen>(bucket: Bucket, look: (folder: string) => Promise<Seen>): Promise<Seen> {
  const folder = `conformance/${randomUUID()}/`;
  try {
    return await look(folder);
  } finally {
    const [files] = await bucket.getFiles({ prefix: folder });
    for (const file of files) await file.delete();
  }
}

export const STORAGE: Suite<Bucket> = {
  service: "Cloud Storage",
  cases: [
    {
      title: "a name is created once",
      expected: ["accepted", 412],
      observe: (bucket) =>
        withFolder(bucket, async (folder) => {
          const file = bucket.file(`${folder}once`);
          return [await refusal(file.save("one", NEW)), Number(await refusal(file.save("two", NEW)))];
        }),
    },
    {
      title: "what is not there is a 404",
      expected: [404, 404],
      observe: async (bucket) => {
        const file = bucket.file(`conformance/${randomUUID()}`);
        return [Number(await refusal(file.download())), Number(await refusal(file.delete()))];
      },
    },
    {
      title: "a stale generation neither overwrites, describes nor deletes",
      expected: [412, 412, 412],
      observe: (bucket) =>
        withFolder(bucket, async (folder) => {
          const file = bucket.file(`${folder}stale`);
          const stale = { ifGenerationMatch: 1 };
          await file.save("one");
          return [
            Number(await refusal(file.save("two", { preconditionOpts: stale }))),
            Number(await refusal(file.setMetadata({ metadata: { a: "1" } }, stale))),
            Number(await refusal(file.delete(stale))),
          ];
        }),
    },
    {
      title: "bytes, type, checksum and metadata come back as they were saved",
      expected: {
        bytes: "00ff0d0a",
        contentType: "text/plain",
        size: "4",
        md5Hash: "oHaEkNrfiIgo2yPdfRnhkw==",
        metadata: { customer: "ä" },
      },
      observe: (bucket) =>
        withFolder(bucket, async (folder) => {
          const file = bucket.file(`${folder}a/ä b.json`);
          const metadata = { metadata: { customer: "ä" } };
          await file.save(Buffer.from([0, 255, 13, 10]), { contentType: "text/plain", metadata });
          const [bytes] = await file.download();
          const [{ contentType, size, md5Hash, metadata: kept }] = await file.getMetadata();
          return { bytes: bytes.toString("hex"), contentType, size, md5Hash, metadata: kept };
        }),
    },
    {
      title: "a listing is in the order of bytes, by pages",
      expected: ["1", "10", "2", "B", "a"],
      observe: (bucket) =>
        withFolder(bucket, async (folder) => {
          for (const name of ["a", "B", "10", "2", "1"]) await bucket.file(`${folder}${name}`).save("");
          const names: string[] = [];
          let query: object | null = { prefix: folder, maxResults: 2, autoPaginate: false };
          while (query) {
            const [files, next]: [File[], object | null, ...unknown[]] = await bucket.getFiles(query);
            names.push(...files.map(({ name }) => name.slice(folder.length)));
            query = next;
          }
          return names;
        }),
    },
  ],
};

export const PUBSUB: Suite<PubSubDoor> = {
  service: "Pub/Sub",
  cases: [
    {
      title: "a message is pulled with its attributes, and comes no more once it is acknowledged",
      expected: { data: "hello", attributes: { customer: "ä" }, again: 0 },
      async observe({ client, puller, topic, subscription }) {
        const run = randomUUID();
        const attributes = { customer: "ä", run };
        await client.topic(topic).publishMessage({ data: Buffer.from("hello"), attributes });
        const pull = async () => {
          const [{ receivedMessages }] = await puller.pull({ subscription, maxMessages: 10 });
          return (receivedMessages ?? []).filter(({ message }) => message?.attributes?.run === run);
        };
        const [found] = await pull();
        await puller.acknowledge({ subscription, ackIds: [found?.ackId ?? ""] });
        const [{ receivedMessages: again }] = await puller.pull({
          subscription,
          maxMessages: 10,
          returnImmediately: true,
        });
        const { run: _, ...kept } = found?.message?.attributes ?? {};
        return {
          data: found?.message?.data?.toString(),
          attributes: kept,
          again: (again ?? []).filter(({ message }) => message?.attributes?.run === run).length,
        };
      },
    },
    {
      title: "what is not there is NOT_FOUND",
      expected: 5,
      observe: ({ puller, subscription }) =>
        refusal(puller.pull({ subscription: `${subscription}-not-there`, maxMessages: 1 })),
    },
  ],
};

export const KMS: Suite<KeyWrapper> = {
  service: "Cloud KMS",
  cases: [
    {
      title: "a key opens what it sealed, for the same owner alone",
      expected: { opened: DATA_KEY.toString(), another: "refused" },
      async observe(wrapper) {
        const sealed = await wrapper.wrap(new Secret(DATA_KEY), OWNER);
        const opened = (await wrapper.unwrap(sealed, OWNER)).reveal().toString();
        return {
          opened,
          another: await refused(wrapper.unwrap(sealed, Buffer.from("other.example.test/1"))),
        };
      },
    },
    {
      title: "a sealed key that was changed does not open",
      expected: "refused",
      async observe(wrapper) {
        const sealed = await wrapper.wrap(new Secret(DATA_KEY), OWNER);
        const last = sealed.length - 1;
        sealed.writeUInt8(sealed.readUInt8(last) ^ 1, last);
        return refused(wrapper.unwrap(sealed, OWNER));
      },
    },
  ],
};

const codesOf = ({ status, body }: { status: number; body: unknown }) => {
  const { error } = (body ?? {}) as { error?: { code?: number; status?: string } };
  return [status, error?.code, error?.status];
};

export const SECRET_MANAGER: Suite<RestDoor> = {
  service: "Secret Manager",
  cases: [
    {
      title: "the latest version is read with its name and its bytes",
      expected: { status: 200, isVersion: true, hasData: true },
      async observe({ send, secret }) {
        const { status, body } = await send("secretManager", "GET", `/v1/${secret}/versions/latest:access`);
        const { name = "", payload } = body as { name?: string; payload?: { data?: string } };
        return { status, isVersion: /\/versions\/\d+$/.test(name), hasData: (payload?.data ?? "") !== "" };
      },
    },
    {
      title: "a secret that is not there is NOT_FOUND, what is no version INVALID_ARGUMENT",
      expected: [
        [404, 404, "NOT_FOUND"],
        [400, 400, "INVALID_ARGUMENT"],
      ],
      async observe({ send, secret }) {
        const absent = `/v1/${secret}-not-there/versions/latest:access`;
        return [
          codesOf(await send("secretManager", "GET", absent)),
          codesOf(await send("secretManager", "GET", `/v1/${secret}/versions/newest:access`)),
        ];
      },
    },
  ],
};

export const LOGGING: Suite<RestDoor> = {
  service: "Cloud Logging",
  cases: [
    {
      title: "an entry is taken, and one without a log's name is not",
      expected: [[200], [400, 400, "INVALID_ARGUMENT"]],
      async observe({ send, project }) {
        const entry = { resource: { type: "global" }, jsonPayload: { message: "conformance" } };
        const named = { ...entry, logName: `projects/${project}/logs/conformance` };
        return [
          codesOf(await send("logging", "POST", "/v2/entries:write", { entries: [named] })).slice(0, 1),
          codesOf(await send("logging", "POST", "/v2/entries:write", { entries: [entry] })),
        ];
      },
    },
  ],
};

async function refused(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "opened",
    () => "refused",
  );
}
