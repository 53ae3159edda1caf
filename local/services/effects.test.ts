import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { CRC32C } from "@google-cloud/storage";
import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { RevisionFailed } from "../kernel/refusals.ts";
import { FASTLY } from "./fastly/package.ts";
import { GCP } from "./google/package.ts";
import { TestSession, urnOf } from "./testing/session.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const BUCKET = "gcp:storage/bucket:Bucket";
const OBJECT = "gcp:storage/bucketObject:BucketObject";
const SERVICE = "gcp:cloudrunv2/service:Service";
const ADDRESS = "gcp:compute/globalAddress:GlobalAddress";

let session: TestSession;

beforeAll(async () => {
  session = await TestSession.start(GCP);
  // What the services below run as, and where their code is.
  session.stand(
    "gcp:serviceaccount/account:Account",
    "projects/acme/serviceAccounts/api@acme.iam.gserviceaccount.com",
  );
  session.stand("gcp:storage/bucket:Bucket", "b");
  await session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
});

beforeEach(() => {
  session.ready = async () => undefined;
});

afterAll(() => session.stop());

describe("Objects", () => {
  const bucketUrn = urnOf(BUCKET, "code");
  const folder = mkdtempSync(join(tmpdir(), "assets-"));
  const path = join(folder, "bundle.tar.gz");
  const bytes = Buffer.from("these are the bytes");
  const source = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", path, hash: "h1" };

  beforeAll(async () => {
    writeFileSync(path, bytes);
    await session.make(bucketUrn, { name: "acme-code", location: "EU" });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("hold the file's bytes, and say their generation and checksums", async () => {
    const urn = urnOf(OBJECT, "code");
    const metadata = { sha: "1" };
    const { id, inputs, properties } = await session.make(urn, {
      bucket: "acme-code",
      name: "w/1.tar.gz",
      source,
      metadata,
    });
    const stored = session.storage.find("acme-code", "w/1.tar.gz");
    expect(stored && (await buffer(session.storage.read(stored)))).toEqual(bytes);
    expect(stored).toMatchObject({ metadata });
    const crc = new CRC32C();
    crc.update(bytes);
    expect(id).toBe("acme-code-w/1.tar.gz");
    expect(properties).toMatchObject({
      crc32c: crc.toString(),
      md5hash: createHash("md5").update(bytes).digest("base64"),
      md5hexhash: createHash("md5").update(bytes).digest("hex"),
      generation: Number(stored?.generation),
      outputName: "w/1.tar.gz",
      mediaLink: expect.stringContaining(`/o/w%2F1.tar.gz?generation=${stored?.generation}`),
    });

    const again = await session.create(urn, inputs);
    expect(again.properties).toEqual(properties);
    // An engine that died between the write and its record.
    session.kernel.resources.remove(OBJECT, id);
    expect((await session.create(urn, inputs)).properties.generation).toBe(properties.generation);

    await session.delete(urn, id);
    expect(session.storage.find("acme-code", "w/1.tar.gz")).toBeUndefined();
  });

  test("changed content in place gets another generation", async () => {
    const urn = urnOf(OBJECT, "text");
    const { id, inputs, properties } = await session.make(urn, {
      bucket: "acme-code",
      name: "t",
      content: "one",
    });
    expect(properties.content).toEqual({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: "one" });
    const updated = await session.update(urn, id, properties, { ...inputs, content: "two" });
    expect(updated.generation).toBeGreaterThan(Number(properties.generation));
    await session.delete(urn, id);
  });

  test.each([
    ["a file that is not there", { ...source, path: "/no/such/file" }, /no such file/],
    ["a folder", { ...source, path: folder }, /is a folder/],
    [
      "what is remote",
      { [SIGNATURE]: source[SIGNATURE], uri: "https://a.test/x" },
      /remote asset "https:\/\/a\.test\/x"/,
    ],
  ])("refuse %s", async (_, wrong, message) => {
    const made = session.make(urnOf(OBJECT, "wrong"), { bucket: "acme-code", name: "wrong", source: wrong });
    await expect(made).rejects.toThrow(message);
  });

  test("keep their bucket from being deleted, unless it is forced", async () => {
    const urn = urnOf(BUCKET, "full");
    const { id, inputs, properties } = await session.make(urn, { name: "acme-full", location: "EU" });
    session.storage.write(id, "by-a-workload", Buffer.from("x"));
    await expect(session.delete(urn, id)).rejects.toMatchObject({
      code: grpc.status.FAILED_PRECONDITION,
      details: expect.stringContaining("not empty"),
    });
    await session.update(urn, id, properties, { ...inputs, forceDestroy: true });
    await session.delete(urn, id);
    expect(session.storage.isEmpty(id)).toBe(true);
    expect(session.kernel.resources.get(BUCKET, id)).toBeUndefined();
  });
});

describe("A Cloud Run service", () => {
  const urn = urnOf(SERVICE, "api");
  const container = {
    image: "scratch",
    baseImageUri: "base",
    commands: ["node"],
    args: ["index.js"],
    sourceCode: { cloudStorageSource: { bucket: "b", object: "o" } },
  };
  const news = {
    name: "api",
    location: "europe-west1",
    deletionProtection: false,
    template: { serviceAccount: "api@acme.iam.gserviceaccount.com", containers: [container] },
  };

  test("is there once its revision is ready, under a URI that stays", async () => {
    const asked: string[] = [];
    session.ready = async (service) => void asked.push(service);
    const { id, inputs, properties } = await session.make(urn, news);
    expect(asked).toEqual([id]);
    expect(properties.uri).toMatch(/^https:\/\/api-[0-9a-z]{10}-ew\.a\.run\.app$/);
    const updated = await session.update(urn, id, properties, { ...inputs, description: "changed" });
    expect(updated).toMatchObject({ uri: properties.uri, uid: properties.uid, generation: "2" });
    expect(updated.latestReadyRevision).toBe(properties.latestReadyRevision);
    await session.delete(urn, id);
    const elsewhere = await session.make(urn, { ...news, location: "europe-west4" });
    expect(elsewhere.properties.uri).not.toBe(properties.uri);
    await session.delete(urn, elsewhere.id);
  });

  test("whose first revision fails is not there, and the error holds its last lines", async () => {
    session.ready = async () => {
      throw new RevisionFailed("api-00001", "did not listen", ["Error: boom"]);
    };
    await expect(session.make(urn, news)).rejects.toThrow(/did not listen:\nError: boom/);
    expect(session.kernel.resources.list(SERVICE)).toEqual([]);
  });

  test("whose next revision fails stays as it was", async () => {
    const { id, inputs, properties } = await session.make(urn, news);
    session.ready = async () => {
      throw new RevisionFailed("api-00002", "crashed", []);
    };
    await expect(session.update(urn, id, properties, { ...inputs, description: "worse" })).rejects.toThrow(
      /crashed/,
    );
    expect(session.kernel.resources.get(SERVICE, id)?.properties).not.toHaveProperty("description");
    session.ready = async () => undefined;
    await session.delete(urn, id);
  });

  test("stops being waited for when the engine cancels", async () => {
    const waiting = Promise.withResolvers<void>();
    session.ready = () => {
      waiting.resolve();
      return new Promise(() => undefined);
    };
    const made = session.make(urn, news);
    const outcome = expect(made).rejects.toMatchObject({ code: grpc.status.ABORTED });
    await waiting.promise;
    const { default: empty } = await import("google-protobuf/google/protobuf/empty_pb.js");
    session.client.cancel(new empty.Empty(), () => undefined);
    await outcome;
    await session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
  });

  test("that Cloud Run could not serve is refused before it is written", async () => {
    const odd = { ...container, commands: ["python"] };
    const made = session.make(urn, { ...news, template: { ...news.template, containers: [odd] } });
    await expect(made).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringContaining("commands"),
    });
    expect(session.kernel.resources.list(SERVICE)).toEqual([]);
  });

  test("is protected unless the program says otherwise", async () => {
    const { deletionProtection: _, ...protectedNews } = news;
    const { id, inputs, properties } = await session.make(urn, protectedNews);
    expect(properties.deletionProtection).toBe(true);
    await expect(session.delete(urn, id)).rejects.toThrow(/deletionProtection must be false/);
    await session.update(urn, id, properties, { ...inputs, deletionProtection: false });
    await session.delete(urn, id);
  });
});

test("global addresses are distinct, and given back when deleted", async () => {
  const urns = ["a", "b", "c"].map((name) => urnOf(ADDRESS, name));
  const made = await Promise.all(urns.map((urn) => session.make(urn, {})));
  const addresses = made.map(({ properties }) => properties.address);
  expect([...addresses].sort()).toEqual(["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
  await session.delete(urns[0] ?? "", made[0]?.id ?? "");
  const { properties } = await session.make(urnOf(ADDRESS, "d"), {});
  expect(properties.address).toBe(addresses[0]);
});

test("versions of a secret count up, and a repeated create is no new one", async () => {
  const type = "gcp:secretmanager/secretVersion:SecretVersion";
  const { id: secret } = await session.make(urnOf("gcp:secretmanager/secret:Secret", "s"), {
    secretId: "token",
    replication: { auto: {} },
  });
  const urn = urnOf(type, "v");
  const first = await session.make(urn, { secret, secretData: "1" });
  expect(first).toMatchObject({ id: `${secret}/versions/1`, properties: { version: "1" } });
  expect((await session.create(urn, first.inputs)).id).toBe(first.id);
  // A replacement is made under the same URN before the old one goes.
  const second = await session.make(urn, { secret, secretData: "2" });
  expect(second.properties.version).toBe("2");
  expect(session.kernel.resources.get(type, second.id)?.properties.secretData).toBe("2");
});

test("the Pub/Sub agent's identity holds the project's number", async () => {
  const urn = urnOf("gcp:projects/serviceIdentity:ServiceIdentity", "pubsub");
  const { properties } = await session.make(urn, { service: "pubsub.googleapis.com" });
  expect(properties.member).toMatch(
    /^serviceAccount:service-\d{12}@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/,
  );
});

describe("Fastly", () => {
  let fastly: TestSession;
  const urn = urnOf("fastly:index/serviceVcl:ServiceVcl", "edge");
  const news = {
    name: "edge",
    domains: [{ name: "edge.test" }],
    conditions: [{ name: "acme", type: "REQUEST", statement: 'req.url.path ~ "^/a"' }],
    backends: [{ name: "acme", address: "203.0.113.1", port: 80, requestCondition: "acme" }],
  };

  beforeAll(async () => {
    fastly = await TestSession.start(FASTLY);
    await fastly.configure({ "fastly:config:apiKey": "any" });
  });

  afterAll(() => fastly.stop());

  test("a service keeps its id and counts its versions", async () => {
    const { id, inputs, properties } = await fastly.make(urn, news);
    expect(id).toMatch(/^[A-Za-z0-9]{22}$/);
    expect(properties).toMatchObject({ activeVersion: 1, clonedVersion: 1 });
    const again = await fastly.create(urn, inputs);
    expect(again).toMatchObject({ id, properties: { activeVersion: 1 } });
    expect(await fastly.update(urn, id, properties, { ...inputs, comment: "x" })).toMatchObject({
      activeVersion: 2,
    });
    await expect(fastly.delete(urn, id)).rejects.toThrow(/forceDestroy must be true; got false/);
    await fastly.update(urn, id, properties, { ...inputs, forceDestroy: true });
    await fastly.delete(urn, id);
  });

  test("a domain knows its own id", async () => {
    const domain = urnOf("fastly:index/domainV1:DomainV1", "shop");
    const { id, properties } = await fastly.make(domain, { fqdn: "shop.example.test" });
    expect(properties).toMatchObject({ domainId: id, fqdn: "shop.example.test" });
  });
});
