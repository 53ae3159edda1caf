import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { CRC32C } from "@google-cloud/storage";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Secret } from "../workload/secret.ts";
import { openAccessTokens } from "./access-tokens.ts";
import { type KeyWrapper, openKeyWrapper } from "./key-wrapper.ts";

const KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k";

type Json = Record<string, string | boolean>;

let server: Server;
let wrapper: KeyWrapper;
let calls: string[];
let lifetimeSeconds: number;
/** Changes an answer on its way, or refuses in its place. */
let tamper: (answer: Json) => Json | number;

beforeEach(async () => {
  calls = [];
  lifetimeSeconds = 3_600;
  tamper = (answer) => answer;
  server = createServer(async (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    const text = Buffer.concat(await request.toArray()).toString("utf8");
    response.setHeader("content-type", "application/json");
    if (request.url?.endsWith("/token")) {
      response.statusCode = request.headers["metadata-flavor"] === "Google" ? 200 : 403;
      return response.end(JSON.stringify({ access_token: "access", expires_in: lifetimeSeconds }));
    }
    const answer =
      request.headers.authorization === "Bearer access"
        ? tamper(kms(request.url ?? "", JSON.parse(text)))
        : 401;
    response.statusCode = typeof answer === "number" ? answer : 200;
    return response.end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  wrapper = openKeyWrapper({ endpoint: `http://${host}`, key: KEY, tokens: openAccessTokens(host) });
});

afterEach(async () => {
  server.closeAllConnections();
  await once(server.close(), "close");
});

/** A KMS whose ciphertext is the additional data, a colon and the plaintext. */
function kms(path: string, body: Record<string, string>): Json {
  const bytes = (name: string) => Buffer.from(body[name] ?? "", "base64");
  const isSound = (name: string) => body[`${name}Crc32c`] === crc32c(bytes(name));
  const context = `${body.additionalAuthenticatedData}:`;
  if (path === `/v1/${KEY}:encrypt`) {
    const ciphertext = Buffer.concat([Buffer.from(context), bytes("plaintext")]);
    return {
      ciphertext: ciphertext.toString("base64"),
      ciphertextCrc32c: crc32c(ciphertext),
      verifiedPlaintextCrc32c: isSound("plaintext"),
      verifiedAdditionalAuthenticatedDataCrc32c: isSound("additionalAuthenticatedData"),
    };
  }
  const plaintext = bytes("ciphertext").subarray(context.length);
  return { plaintext: plaintext.toString("base64"), plaintextCrc32c: crc32c(plaintext) };
}

function crc32c(bytes: Buffer): string {
  const checksum = new CRC32C();
  checksum.update(bytes);
  return String(Buffer.from(checksum.toString(), "base64").readUInt32BE());
}

const data = Buffer.from("shop.example.test/1");
const key = () => new Secret(Buffer.alloc(32, 7));
const kmsCalls = () => calls.filter((call) => call.includes(KEY));

test("wraps and unwraps with checksums both ways, and asks for one access token", async () => {
  const wrapped = await wrapper.wrap(key(), data);
  const unwrapped = await Promise.all([wrapper.unwrap(wrapped, data), wrapper.unwrap(wrapped, data)]);
  expect(unwrapped.map((one) => one.reveal())).toEqual([Buffer.alloc(32, 7), Buffer.alloc(32, 7)]);
  expect(calls.filter((call) => call.endsWith("/token"))).toEqual([
    "GET /computeMetadata/v1/instance/service-accounts/default/token",
  ]);
});

test("asks for a new token when the old one is about to end", async () => {
  lifetimeSeconds = 200;
  await wrapper.wrap(key(), data);
  await wrapper.wrap(key(), data);
  expect(calls.filter((call) => call.endsWith("/token"))).toHaveLength(2);
});

test.each([
  [
    "a flipped ciphertext",
    (answer: Json): Json => ({ ...answer, ciphertext: Buffer.from("x").toString("base64") }),
  ],
  [
    "a plaintext that arrived changed",
    (answer: Json): Json => ({ ...answer, verifiedPlaintextCrc32c: false }),
  ],
])("does not take %s, and asks again", async (_what, change) => {
  let answers = 0;
  tamper = (answer) => (answers++ === 0 ? change(answer) : answer);
  const wrapped = await wrapper.wrap(key(), data);
  expect(kmsCalls()).toHaveLength(2);
  expect((await wrapper.unwrap(wrapped, data)).reveal()).toEqual(Buffer.alloc(32, 7));
});

test("does not repeat a refusal, and shows no key in it", async () => {
  tamper = () => 403;
  const error = await wrapper.wrap(key(), data).catch((refused) => refused);
  expect(error).toMatchObject({ code: "KMS", status: 403 });
  expect(kmsCalls()).toHaveLength(1);
  expect(String(error.stack)).not.toContain(Buffer.alloc(32, 7).toString("base64"));
});
