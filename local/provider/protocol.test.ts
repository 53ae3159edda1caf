import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { projectNumber } from "../kernel/project-number.ts";
import { GCP, GCP_KINDS } from "../services/google/package.ts";
import { TestSession, urnOf } from "../services/testing/session.ts";

type Json = Record<string, unknown>;
type Client = InstanceType<typeof providerService.ResourceProviderClient>;
type Method = keyof Client & string;

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const secret = (value: unknown) => ({ [SIGNATURE]: SECRET, value });
const { INVALID_ARGUMENT, FAILED_PRECONDITION, UNIMPLEMENTED, ABORTED } = grpc.status;

const TOPIC = "gcp:pubsub/topic:Topic";
const SERVICE = "gcp:cloudrunv2/service:Service";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const GET_PROJECT = "gcp:organizations/getProject:getProject";
const provider = "urn:pulumi:test::project::pulumi:providers:gcp::default";

let session: TestSession;
let offline: TestSession;
const connections: Client[] = [];

beforeAll(async () => {
  session = await TestSession.start(GCP);
  // What the services below run as, and where their code is.
  session.stand(
    "gcp:serviceaccount/account:Account",
    "projects/acme/serviceAccounts/api@acme.iam.gserviceaccount.com",
  );
  session.stand("gcp:storage/bucket:Bucket", "b");
  offline = await TestSession.start(GCP, "offline");
  await configure(offline.client, { project: "acme" });
});

beforeEach(() => configure(session.client, { project: "acme", region: "europe-west1" }));

afterAll(async () => {
  for (const client of connections) client.close();
  await session.stop();
  await offline.stop();
});

describe("The provider itself", () => {
  test("GetPluginInfo tells a version", async () => {
    const info = await call<InstanceType<typeof pluginMessages.PluginInfo>>(
      session.client,
      "getPluginInfo",
      new emptyMessages.Empty(),
    );
    expect(info.getVersion()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("GetSchema describes every kind, with the types that its fields mention", async () => {
    const response = await call<InstanceType<typeof messages.GetSchemaResponse>>(
      session.client,
      "getSchema",
      new messages.GetSchemaRequest(),
    );
    const schema = JSON.parse(response.getSchema());
    expect(Object.keys(schema.resources).sort()).toEqual(GCP_KINDS.map(({ token }) => token).sort());
    expect(schema.resources[TOPIC]).toMatchObject({
      inputProperties: {
        name: { type: "string", willReplaceOnChanges: true },
        labels: { type: "object", additionalProperties: { type: "string" } },
      },
      properties: { effectiveLabels: { $ref: "pulumi.json#/Any" } },
    });
    expect(schema.resources[VERSION].inputProperties.secretData).toMatchObject({ secret: true });
    const mentioned = [...JSON.stringify(schema).matchAll(/"#\/types\/([^"]+)"/g)].map(([, name]) => name);
    expect(mentioned.length).toBeGreaterThan(50);
    expect(Object.keys(schema.types)).toEqual(expect.arrayContaining(mentioned));
  });

  test("GetSchema refuses another version of the language", async () => {
    const request = new messages.GetSchemaRequest().setVersion(7);
    await expect(call(session.client, "getSchema", request)).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringContaining("got version 7"),
    });
  });

  test.each<[Method, unknown]>([
    ["construct", new messages.ConstructRequest()],
    ["call", new messages.CallRequest()],
    ["parameterize", new messages.ParameterizeRequest()],
    ["getMapping", new messages.GetMappingRequest()],
    ["getMappings", new messages.GetMappingsRequest()],
  ])("%s is answered as unimplemented", async (method, request) => {
    await expect(call(session.client, method, request)).rejects.toMatchObject({ code: UNIMPLEMENTED });
  });
});

describe("Configuration", () => {
  test("CheckConfig gives back what it was given, secrets and unknowns too, and names a setting of no use", async () => {
    const news = { project: UNKNOWN, credentials: secret("{}"), userAgent: "x" };
    const request = new messages.CheckRequest().setUrn(provider).setNews(struct(news));
    const response = await call<InstanceType<typeof messages.CheckResponse>>(
      session.client,
      "checkConfig",
      request,
    );
    expect(json(response.getInputs())).toEqual(news);
    expect(response.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "userAgent", reason: expect.stringContaining("gcp:userAgent must be a setting") },
    ]);
  });

  test("DiffConfig tells what changes, and never replaces", async () => {
    const request = new messages.DiffRequest()
      .setUrn(provider)
      .setOldInputs(struct({ project: "a", region: "r" }))
      .setNews(struct({ project: "b", region: "r" }));
    const response = await call<InstanceType<typeof messages.DiffResponse>>(
      session.client,
      "diffConfig",
      request,
    );
    expect(response.getDiffsList()).toEqual(["project"]);
    expect(response.getReplacesList()).toEqual([]);
  });

  test("Configure reads properties, secret ones too, over variables", async () => {
    const request = new messages.ConfigureRequest().setArgs(
      struct({ project: secret("from-args"), scopes: '["a"]' }),
    );
    request.getVariablesMap().set("gcp:config:project", "from-variables");
    await call(session.client, "configure", request);
    expect(await projectOf(session.client)).toBe("from-args");
  });

  test("Configure of one connection leaves others as they are, and a call of neither is refused", async () => {
    const [first, second, third] = [connection(), connection(), connection()];
    await configure(first, { project: "first" });
    await configure(second, { project: "second" });
    expect(await projectOf(first)).toBe("first");
    expect(await projectOf(second)).toBe("second");
    await configure(first, { project: "third" });
    expect(await projectOf(first)).toBe("third");
    await expect(projectOf(third)).rejects.toMatchObject({
      code: FAILED_PRECONDITION,
      details: expect.stringContaining("must be configured on this connection first"),
    });
  });

  test("Configure tells providers on one connection apart, if the engine does", async () => {
    const client = connection();
    await configure(client, { project: "one" }, "urn::1");
    await configure(client, { project: "two" }, "urn::2");
    expect(await projectOf(client, "urn::1")).toBe("one");
    expect(await projectOf(client, "urn::2")).toBe("two");
  });

  test("a connection that comes back is taken as configured when there is but one configuration", async () => {
    const alone = await TestSession.start(GCP, "offline");
    await configure(alone.client, { project: "acme" });
    expect(await projectOf(connection(alone.port))).toBe("acme");
    await alone.stop();
  });
});

describe("Resources", () => {
  const topic = urnOf(TOPIC, "orders");

  test("Check keeps marks of secrecy, unknowns and assets, and reports each property by itself", async () => {
    const object = urnOf("gcp:storage/bucketObject:BucketObject", "o");
    const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", path: "/a", hash: "1" };
    const news = { bucket: UNKNOWN, name: "o", source: asset, metadata: { a: secret("x") } };
    const { inputs, failures } = await session.check(object, news);
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject(news);

    const wrong = await session.check(topic, { name: 7, labels: "x", messageRetentionDuration: UNKNOWN });
    expect(wrong.failures.map(({ property }) => property).sort()).toEqual(["labels", "name"]);
  });

  test("Diff compares with the old state for engines that send no old inputs", async () => {
    const request = new messages.DiffRequest()
      .setUrn(topic)
      .setId("projects/acme/topics/orders")
      .setOlds(struct({ name: "orders", labels: { a: secret("1") } }))
      .setNews(struct({ name: "orders", labels: { a: "2" } }));
    const response = await call<InstanceType<typeof messages.DiffResponse>>(session.client, "diff", request);
    expect(response.getHasdetaileddiff()).toBe(true);
    expect(response.getDetaileddiffMap().get("labels.a")?.getKind()).toBe(messages.PropertyDiff.Kind.UPDATE);
  });

  test("Create, Read and Update keep secret what is, in a preview as in truth", async () => {
    const holder = urnOf("gcp:secretmanager/secret:Secret", "token");
    const { id } = await session.make(holder, { secretId: "token", replication: { auto: {} } });
    const urn = urnOf(VERSION, "v");
    const news = { secret: id, secretData: secret("hush") };
    const { inputs } = await session.check(urn, news);
    expect((await session.create(urn, inputs, true)).properties.secretData).toEqual(secret("hush"));
    const made = await session.create(urn, inputs);
    expect(made.properties.secretData).toEqual(secret("hush"));
    const read = await session.read(urn, made.id, inputs);
    expect(read.properties.secretData).toEqual(secret("hush"));
    const changed = { ...inputs, deletionPolicy: "ABANDON" };
    const updated = await session.update(urn, made.id, made.properties, changed);
    expect(updated.secretData).toEqual(secret("hush"));
    await session.delete(urn, made.id);
    await session.delete(holder, id);
  });

  test.each<[string, Json]>([
    [TOPIC, { name: "imported", labels: { a: "1" } }],
    [
      "gcp:storage/bucket:Bucket",
      { name: "imported-bucket", location: "EU", uniformBucketLevelAccess: true },
    ],
    ["gcp:serviceaccount/account:Account", { accountId: "imported" }],
    ["gcp:compute/globalAddress:GlobalAddress", { name: "imported" }],
    ["gcp:kms/keyRing:KeyRing", { name: "imported", location: "europe-west1" }],
    ["gcp:secretmanager/secret:Secret", { secretId: "imported", replication: { auto: {} } }],
  ])("Read of %s without known inputs gives such that nothing is to change", async (type, news) => {
    const urn = urnOf(type, "imported");
    const { id } = await session.make(urn, news);
    const found = await session.read(urn, id);
    const { inputs, failures } = await session.check(urn, news, { olds: found.inputs });
    expect(failures).toEqual([]);
    expect(await session.diff(urn, found.inputs, inputs)).toEqual({
      changed: false,
      replaces: [],
      detail: {},
    });
    await session.delete(urn, id);
  });

  test("Cancel ends the waits of its own connection, and no other's", async () => {
    const works = Promise.withResolvers<void>();
    const bothWait = Promise.withResolvers<void>();
    let waiting = 0;
    session.ready = () => {
      waiting += 1;
      if (waiting === 2) bothWait.resolve();
      return works.promise;
    };
    const [first, second] = [connection(), connection()];
    const [cancelled, other] = [makeService(first, "first"), makeService(second, "second")];
    const outcome = expect(cancelled).rejects.toMatchObject({ code: ABORTED });
    await bothWait.promise;
    await call(first, "cancel", new emptyMessages.Empty());
    await outcome;
    works.resolve();
    expect((await other).getId()).toContain("/services/second");
    session.ready = async () => undefined;
  });

  test.each<[string, Json, Json, boolean]>([
    ["a name that the program gave and keeps", { name: "given", location: "EU" }, { location: "US" }, true],
    ["a made-up name", { name: "photos-0123abc", location: "EU" }, { location: "US" }, false],
    ["a name that changes too", { name: "given", location: "EU" }, { name: "g2", location: "US" }, false],
    ["no replacement", { name: "given", labels: { a: "1" } }, { labels: { a: "2" } }, false],
  ])("Diff asks for deletion first where needed: %s", async (_, olds, changed, expected) => {
    const request = new messages.DiffRequest()
      .setUrn(urnOf("gcp:storage/bucket:Bucket", "photos"))
      .setId("b")
      .setOldInputs(struct(olds))
      .setOlds(struct(olds))
      .setNews(struct({ ...olds, ...changed }));
    const response = await call<InstanceType<typeof messages.DiffResponse>>(session.client, "diff", request);
    expect(response.getDeletebeforereplace()).toBe(expected);
  });

  test("Diff sees no change where the program says what the service chose by itself", async () => {
    const diff = async (ingress: string) => {
      const request = new messages.DiffRequest()
        .setUrn(urnOf(SERVICE, "s"))
        .setId("s")
        .setOldInputs(struct({ name: "s" }))
        .setOlds(struct({ name: "s", ingress: "INGRESS_TRAFFIC_ALL" }))
        .setNews(struct({ name: "s", ingress }));
      const response = await call<InstanceType<typeof messages.DiffResponse>>(
        session.client,
        "diff",
        request,
      );
      return response.getDiffsList();
    };
    expect(await diff("INGRESS_TRAFFIC_ALL")).toEqual([]);
    expect(await diff("INGRESS_TRAFFIC_INTERNAL_ONLY")).toEqual(["ingress"]);
  });
});

describe("Invoke", () => {
  const number = projectNumber("acme");

  test.each<[string, Json, Json]>([
    [GET_PROJECT, {}, { projectId: "acme", number, id: "projects/acme" }],
    [GET_PROJECT, { projectId: "other" }, { projectId: "other", number: projectNumber("other") }],
    [
      "gcp:organizations/getClientConfig:getClientConfig",
      {},
      { project: "acme", region: "europe-west1", zone: "" },
    ],
    [
      "gcp:storage/getProjectServiceAccount:getProjectServiceAccount",
      {},
      { member: `serviceAccount:service-${number}@gs-project-accounts.iam.gserviceaccount.com` },
    ],
    [
      "gcp:compute/getDefaultServiceAccount:getDefaultServiceAccount",
      { project: "acme" },
      { email: `${number}-compute@developer.gserviceaccount.com` },
    ],
    [
      "gcp:compute/getNetblockIPRanges:getNetblockIPRanges",
      { rangeType: "health-checkers" },
      { cidrBlocksIpv4s: ["35.191.0.0/16", "130.211.0.0/22"] },
    ],
  ])("%s %j is answered without a network", async (token, args, expected) => {
    expect((await invoke(session.client, token, args)).result).toMatchObject(expected);
  });

  test("of what only Google knows a program can make texts, and what it makes of them is not known", async () => {
    const { result } = await invoke(offline.client, GET_PROJECT, {});
    expect(result).toMatchObject({ projectId: "acme", number: expect.any(String), orgId: UNKNOWN });
    const account = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount";
    const { member } = (await invoke(offline.client, account, {})).result as Record<string, Json>;
    for (const displayName of [`number ${result?.number}`, member]) {
      const { inputs, failures } = await offline.check(urnOf(ACCOUNT, "api"), { displayName });
      expect(inputs).toMatchObject({ displayName: UNKNOWN });
      expect(failures).toEqual([]);
    }
  });

  test("refuses arguments that it cannot answer for, by property", async () => {
    const token = "gcp:compute/getNetblockIPRanges:getNetblockIPRanges";
    expect((await invoke(session.client, token, {})).failures).toEqual([
      { property: "rangeType", reason: expect.stringContaining('got "cloud-netblocks"') },
    ]);
    await configure(session.client, {});
    expect((await invoke(session.client, GET_PROJECT, {})).failures).toEqual([
      { property: "projectId", reason: "projectId must be set, in the call or as gcp:project." },
    ]);
  });

  test("refuses any other function by name", async () => {
    await expect(invoke(session.client, "gcp:dns/getKeys:getKeys", {})).rejects.toMatchObject({
      code: UNIMPLEMENTED,
      details: expect.stringContaining("no function gcp:dns/getKeys:getKeys; it has gcp:organizations/"),
    });
  });
});

/** A connection of its own, as each provider of Pulumi's engine has. */
function connection(port = session.port): Client {
  const client = new providerService.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    { "grpc.use_local_subchannel_pool": 1 },
  );
  connections.push(client);
  return client;
}

/** Check and Create of a Cloud Run service, which is waited for until it works. */
async function makeService(
  client: Client,
  name: string,
): Promise<InstanceType<typeof messages.CreateResponse>> {
  await configure(client, { project: "acme" });
  const container = {
    image: "scratch",
    baseImageUri: "base",
    commands: ["node"],
    args: ["index.js"],
    sourceCode: { cloudStorageSource: { bucket: "b", object: "o" } },
  };
  const template = { serviceAccount: "api@acme.iam.gserviceaccount.com", containers: [container] };
  const news = struct({ name, location: "europe-west1", template });
  const check = new messages.CheckRequest().setUrn(urnOf(SERVICE, name)).setNews(news);
  const checked = await call<InstanceType<typeof messages.CheckResponse>>(client, "check", check);
  const create = new messages.CreateRequest().setUrn(check.getUrn()).setProperties(checked.getInputs());
  return call(client, "create", create);
}

function configure(client: Client, args: Json, instance = ""): Promise<unknown> {
  return call(client, "configure", new messages.ConfigureRequest().setArgs(struct(args)), instance);
}

/** The project that the provider fills in where a resource names none. */
async function projectOf(client: Client, instance = ""): Promise<unknown> {
  const request = new messages.CheckRequest().setUrn(urnOf(TOPIC, "t")).setNews(struct({ name: "topic" }));
  const response = await call<InstanceType<typeof messages.CheckResponse>>(
    client,
    "check",
    request,
    instance,
  );
  return json(response.getInputs()).project;
}

async function invoke(client: Client, token: string, args: Json) {
  const request = new messages.InvokeRequest().setTok(token).setArgs(struct(args));
  const response = await call<InstanceType<typeof messages.InvokeResponse>>(client, "invoke", request);
  return {
    result: json(response.getReturn()),
    failures: response.getFailuresList().map((failure) => failure.toObject()),
  };
}

function call<Response>(client: Client, method: Method, request: unknown, instance = ""): Promise<Response> {
  type Unary = (
    message: unknown,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, response: Response) => void,
  ) => void;
  const metadata = new grpc.Metadata();
  if (instance !== "") metadata.set("provider-instance", instance);
  return new Promise((resolve, reject) => {
    const unary = (client[method] as unknown as Unary).bind(client);
    unary(request, metadata, { deadline: Date.now() + 10_000 }, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

function struct(values: Json): Struct {
  return structs.Struct.fromJavaScript(values as Parameters<typeof structs.Struct.fromJavaScript>[0]);
}

function json(message: Struct | undefined): Json {
  return (message?.toJavaScript() ?? {}) as Json;
}
