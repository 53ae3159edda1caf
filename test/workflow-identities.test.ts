import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { Delivery } from "../components/delivery/delivery.ts";
import { type Synthesised, synth } from "../components/testing/synth.ts";
import { TokenExchange } from "../local/services/iam/token-exchange.ts";
import { KmsApi } from "../local/services/kms/kms-api.ts";
import { type OwnedKernel, startKernel } from "../local/services/start-kernel.ts";

const ISSUER = "https://token.actions.githubusercontent.com";
const KEY = "projects/p/locations/europe-west1/keyRings/state/cryptoKeys/state";
const BUCKET = "state-of-prod";
/** What tells the accesses apart: permission, and on what. */
const PROBES: Readonly<Record<string, readonly [permission: string, resource: string]>> = {
  "read state": ["storage.objects.get", `buckets/${BUCKET}`],
  "write state": ["storage.objects.create", `buckets/${BUCKET}`],
  decrypt: ["cloudkms.cryptoKeyVersions.useToDecrypt", KEY],
  encrypt: ["cloudkms.cryptoKeyVersions.useToEncrypt", KEY],
  "look at its bucket": ["storage.buckets.get", `buckets/${BUCKET}`],
  "look at other buckets": ["storage.buckets.get", "buckets/code"],
  "read secrets": ["secretmanager.versions.access", "projects/acme-prod/secrets/token"],
};
const POWERS = {
  preview: ["read state", "decrypt"],
  drift: ["read state", "decrypt", "look at its bucket", "look at other buckets", "read secrets"],
  // Whoever deploys administers every bucket but the state's.
  deploy: ["read state", "write state", "decrypt", "encrypt", "look at other buckets"],
};
type Claims = Readonly<Record<string, string | undefined>>;

/** As GitHub fills them in. @see https://docs.github.com/en/actions/reference/security/oidc */
const REPOSITORY: Claims = {
  repository: "acme/platform",
  repository_id: "2002",
  repository_owner: "acme",
  repository_owner_id: "1001",
  actor_id: "42",
  run_id: "777",
  sub: "repo:acme@1001/platform@2002:whatever",
};
const MAIN: Claims = { ...REPOSITORY, ref: "refs/heads/main", ref_type: "branch", event_name: "push" };
const PULL: Claims = {
  ...REPOSITORY,
  ref: "refs/pull/7/merge",
  event_name: "pull_request",
  base_ref: "main",
};
const FORK: Claims = {
  repository: "mallory/platform",
  repository_id: "6666",
  repository_owner: "mallory",
  repository_owner_id: "666",
};
const PROD: Claims = { environment: "prod" };

let stateDir: string;
let kernel: OwnedKernel;
let sts: string;
let keys: { readonly ours: CryptoKey; readonly forged: CryptoKey };

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "workflow-identities-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  kernel.identities.serveHttp(new TokenExchange(kernel), new KmsApi(kernel));
  const { http } = await kernel.identities.endpoints("anybody@p.iam.gserviceaccount.com");
  sts = `http://127.0.0.1:${http}/v1/token`;
  const [pair, other] = await Promise.all([
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("RS256"),
  ]);
  keys = { ours: pair.privateKey, forged: other.privateKey };
  const jwksJson = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: "github" }] });
  for (const environment of ["dev", "prod"]) {
    const repository = { ownerId: "1001", id: "2002", branch: "main" };
    const args = {
      project: `acme-${environment}`,
      region: "europe-west1",
      environment,
      repository,
      operators: {},
    };
    for (const resource of await synth(() => new Delivery("delivery", args)))
      put(environment, resource, jwksJson);
  }
  kernel.resources.put({
    kind: "gcp:kms/cryptoKey:CryptoKey",
    id: KEY,
    urn: "urn:key",
    properties: { purpose: "ENCRYPT_DECRYPT" },
  });
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

/** As the program makes it, with GitHub's keys beside the provider; in prod with the bucket and key that are probed. */
function put(environment: string, { type, identity, inputs }: Synthesised, jwksJson: string): void {
  const pool = `projects/123456789012/locations/global/workloadIdentityPools/${inputs.workloadIdentityPoolId}`;
  // In the condition, its name is what the mocks gave it.
  const text = JSON.stringify(inputs.condition ?? null).replace(
    "buckets/delivery-state",
    `buckets/${BUCKET}`,
  );
  const added = {
    ...(inputs.condition !== undefined && { condition: JSON.parse(text) as unknown }),
    ...(type.includes("PoolProvider:") && {
      name: `${pool}/providers/github`,
      oidc: { issuerUri: ISSUER, jwksJson },
    }),
    ...(environment === "prod" && inputs.bucket !== undefined && { bucket: BUCKET }),
    ...(environment === "prod" && inputs.cryptoKeyId !== undefined && { cryptoKeyId: KEY }),
  };
  const urn = `urn:${environment}:${identity}`;
  kernel.resources.put({ kind: type, id: urn, urn, properties: { ...inputs, ...added } });
}

function audienceOf(environment: string): string {
  return `//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github-${environment}/providers/github`;
}

interface Signing {
  readonly issuer?: string;
  readonly audience?: string;
  readonly key?: "ours" | "forged";
  readonly issuedAgo?: number;
}

function sign(
  claims: Claims,
  { issuer = ISSUER, audience = `https:${audienceOf("prod")}`, key = "ours", issuedAgo = 0 }: Signing = {},
): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000) - issuedAgo;
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid: "github" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 300)
    .setJti("the-same-each-time")
    .sign(keys[key]);
}

interface Answer {
  readonly access_token?: string;
  readonly error?: string;
  readonly error_description?: string;
}

/** As google-github-actions/auth asks. */
async function exchange(token: string, environment = "prod"): Promise<Answer> {
  const response = await fetch(sts, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      audience: audienceOf(environment),
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
      subjectToken: token,
    }),
  });
  return (await response.json()) as Answer;
}

/** What the bearer of an access token may do in prod. */
function powersOf({ access_token: token = "" }: Answer): readonly string[] {
  const principal = kernel.tokens.principalOf(token);
  if (!principal) return [];
  return Object.entries(PROBES).flatMap(([power, probe]) =>
    kernel.iam.allows(principal, ...probe) ? [power] : [],
  );
}

describe("a workflow's token in prod", () => {
  test.each<[string, keyof typeof POWERS, Claims]>([
    ["a pull request of a branch of the repository", "preview", PULL],
    ["a pull request whose job says that it is in prod", "preview", { ...PULL, ...PROD }],
    ["a push to main, approved in prod", "deploy", { ...MAIN, ...PROD }],
    [
      "a rollback by hand on main, approved in prod",
      "deploy",
      { ...MAIN, ...PROD, event_name: "workflow_dispatch" },
    ],
    ["the schedule on main", "drift", { ...MAIN, event_name: "schedule" }],
    ["a look by hand on main", "drift", { ...MAIN, event_name: "workflow_dispatch" }],
    [
      "the repository under a new name",
      "deploy",
      { ...MAIN, ...PROD, repository: "acme/edge", sub: "repo:acme/edge" },
    ],
  ])("of %s may %s", async (_case, access, claims) => {
    expect(powersOf(await exchange(await sign(claims)))).toEqual(POWERS[access]);
  });

  test.each<[string, Claims]>([
    ["a fork's own run for a pull request", { ...PULL, ...FORK }],
    ["a fork's push to its main, said to be in prod", { ...MAIN, ...PROD, ...FORK }],
    ["another repository under our name", { ...MAIN, ...PROD, repository_id: "9999" }],
    ["another owner under our name", { ...MAIN, ...PROD, repository_owner_id: "9999" }],
    ["another repository of our owner's", { ...PULL, repository: "acme/site", repository_id: "3003" }],
    ["a push to main without an environment", MAIN],
    ["a push to main in another environment", { ...MAIN, environment: "dev" }],
    ["a push to main in an environment that sounds like prod", { ...MAIN, environment: "prod " }],
    ["a push to another branch, said to be in prod", { ...MAIN, ...PROD, ref: "refs/heads/main2" }],
    ["a branch that is called like main's ref", { ...MAIN, ...PROD, ref: "refs/heads/refs/heads/main" }],
    ["a tag called main, said to be in prod", { ...MAIN, ...PROD, ref: "refs/tags/main", ref_type: "tag" }],
    [
      "pull_request_target, which runs on main with a stranger's input",
      { ...MAIN, event_name: "pull_request_target" },
    ],
    ["pull_request_target, said to be in prod", { ...MAIN, ...PROD, event_name: "pull_request_target" }],
    ["workflow_run after a stranger's, said to be in prod", { ...MAIN, ...PROD, event_name: "workflow_run" }],
    [
      "a run by hand on another branch, said to be in prod",
      { ...MAIN, ...PROD, event_name: "workflow_dispatch", ref: "refs/heads/mine" },
    ],
    ["the schedule, said to be in prod", { ...MAIN, ...PROD, event_name: "schedule" }],
    ["a pull request by its name alone", { ...PULL, ref: "refs/heads/main" }],
    ["a token without an event", { ...MAIN, ...PROD, event_name: undefined }],
    ["a token without a repository", { ...MAIN, ...PROD, repository_id: undefined }],
  ])("of %s is refused", async (_case, claims) => {
    expect(await exchange(await sign(claims))).toEqual({
      error: "unauthorized_client",
      error_description: expect.stringMatching(/attribute/),
    });
  });

  test.each<[string, Signing]>([
    ["has expired", { issuedAgo: 301 }],
    ["was signed by somebody else", { key: "forged" }],
    ["is of another issuer", { issuer: "https://token.actions.example.com" }],
    ["was asked for by somebody else", { audience: "https://sts.example.com" }],
    ["was asked for to be shown in dev", { audience: `https:${audienceOf("dev")}` }],
  ])("that %s is refused", async (_case, signing) => {
    expect(await exchange(await sign({ ...MAIN, ...PROD }, signing))).toMatchObject({
      error: "invalid_grant",
    });
  });

  test("that comes again is taken again while it lives, as Google does: its audience and its five minutes bound it", async () => {
    const token = await sign({ ...MAIN, ...PROD });
    expect(powersOf(await exchange(token))).toEqual(POWERS.deploy);
    expect(powersOf(await exchange(token))).toEqual(POWERS.deploy);
    expect(await exchange(token, "dev")).toMatchObject({ error: "invalid_grant" });
  });
});

test("dev's identities have nothing to do in prod, whatever they may in dev", async () => {
  const dev = await exchange(
    await sign({ ...MAIN, environment: "dev" }, { audience: audienceOf("dev") }),
    "dev",
  );
  expect(dev.access_token).toBeDefined();
  // The local cloud's buckets are all of one project, whoever administers those of another.
  expect(powersOf(dev).filter((power) => power !== "look at other buckets")).toEqual([]);
});

test("an exchange with a provider that there is not, or of another kind, is refused by name", async () => {
  expect(await exchange(await sign(PULL), "staging")).toMatchObject({ error: "invalid_target" });
  const response = await fetch(sts, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "password" }),
  });
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      error: "invalid_request",
      error_description: "grant_type must be urn:ietf:params:oauth:grant-type:token-exchange.",
    },
  ]);
});

test("the access token opens Google's own doors: a deploy encrypts a state's secret, a preview only decrypts", async () => {
  const call = async (claims: Claims, verb: string, body: object) => {
    const { access_token } = await exchange(await sign(claims));
    const headers = { authorization: `Bearer ${access_token}`, host: "cloudkms.googleapis.com" };
    const options = {
      port: kernel.ports.googleapis,
      path: `/v1/${KEY}:${verb}`,
      method: "POST",
      headers,
      ca: kernel.authority.rootPem,
    };
    return new Promise<{ ciphertext?: string; plaintext?: string; error?: { message: string } }>(
      (resolve, reject) => {
        request({ host: "127.0.0.1", servername: "localhost", ...options }, (response) =>
          json(response).then((answer) => resolve(answer as object), reject),
        )
          .on("error", reject)
          .end(JSON.stringify(body));
      },
    );
  };
  const plaintext = Buffer.from("a token").toString("base64");

  const { ciphertext } = await call({ ...MAIN, ...PROD }, "encrypt", { plaintext });
  expect(await call(PULL, "decrypt", { ciphertext })).toMatchObject({ plaintext });
  expect((await call(PULL, "encrypt", { plaintext })).error?.message).toMatch(
    /^principal:\/\/iam\.googleapis\.com\/.*\/subject\/repository:2002:run:777 does not have cloudkms\.cryptoKeyVersions\.useToEncrypt/,
  );
});
