import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GoogleAuth, Impersonated } from "google-auth-library";
import { z } from "zod";
import type { AccessTokens } from "../runtime/google/access-tokens.ts";
import type { GoogleDoor } from "./pubsub-client.ts";
import { projectOf, stackResourceSchema, stagesSchema, type Target } from "./target.ts";
import { EXIT, Failure } from "./terminal/failure.ts";

const CLI_DEADLINE_MS = 60_000;
const MAX_STATE_BYTES = 256 * 1024 * 1024;
const HTTPS_PORT = 443;
const HTTP_PORT = 80;
const LOGGING = "https://logging.googleapis.com";
const PUBSUB = "https://pubsub.googleapis.com";
const TOKEN_KEPT_MS = 30 * 60_000;
const KMS_ENDPOINT = "https://cloudkms.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

const outputsSchema = z.looseObject({
  apiUrl: z.url(),
  apiAudience: z.string(),
  operatorServiceAccount: z.string(),
  /** Absent from stacks that were last updated without it. */
  stages: stagesSchema.default({}),
  // A stack that was not updated since has none.
  backupBucket: z.string().optional(),
  backupKey: z.string().optional(),
  edgeHost: z.string().optional(),
  hasTestCertificates: z.boolean().default(false),
});

const exportSchema = z.object({
  deployment: z.object({ resources: z.array(stackResourceSchema).default([]) }),
});

/**
 * The platform of a stack in Google Cloud: found by the stack's outputs, as the caller's own Pulumi CLI reads them, and
 * called as the operator's account, which the caller's own credentials must be allowed to impersonate.
 *
 * @throws {Failure} when the outputs cannot be read.
 */
export async function googleTarget(stack: string): Promise<Target> {
  const outputs = await outputsOf(stack);
  const { apiUrl, apiAudience, operatorServiceAccount, stages, backupBucket, backupKey, edgeHost } = outputs;
  const { hasTestCertificates } = outputs;
  return {
    apiUrl: new URL(apiUrl),
    api: { port: HTTPS_PORT },
    edge: { port: HTTPS_PORT, hasTestCertificates },
    plain: { api: { port: HTTP_PORT }, edge: { port: HTTP_PORT } },
    ...(edgeHost !== undefined && { edgeHost }),
    resources: () => resourcesOf(stack),
    idToken: () =>
      impersonate(operatorServiceAccount, (operator) =>
        operator.fetchIdToken(apiAudience, { includeEmail: true }),
      ),
    pubsub: () => impersonate(operatorServiceAccount, doorTo(PUBSUB)),
    async logging() {
      const door = await impersonate(operatorServiceAccount, doorTo(LOGGING));
      return { ...door, project: projectOf(operatorServiceAccount) };
    },
    stages,
    async vault() {
      if (backupBucket === undefined || backupKey === undefined) {
        throw new Failure(
          `The stack "${stack}" has no output backupKey yet: pulumi up --stack ${stack} makes it.`,
        );
      }
      return {
        bucket: backupBucket,
        key: backupKey,
        kmsEndpoint: KMS_ENDPOINT,
        tokens: keptTokens(() => impersonate(operatorServiceAccount, accessToken)),
      };
    },
  };
}

async function outputsOf(stack: string): Promise<z.infer<typeof outputsSchema>> {
  const read = await readByCli(stack, "outputs", ["output", "--json"]);
  const outputs = outputsSchema.safeParse(read);
  if (outputs.success) return outputs.data;
  throw new Failure(`There is no platform in the stack "${stack}" yet: pulumi up --stack ${stack} makes it.`);
}

async function resourcesOf(stack: string): Promise<z.infer<typeof exportSchema>["deployment"]["resources"]> {
  return exportSchema.parse(await readByCli(stack, "state", ["export"])).deployment.resources;
}

/** @throws {Failure} */
async function readByCli(stack: string, what: string, command: readonly string[]): Promise<unknown> {
  try {
    const args = ["stack", ...command, "--non-interactive", "--stack", stack];
    const limits = { timeout: CLI_DEADLINE_MS, maxBuffer: MAX_STATE_BYTES };
    return JSON.parse((await promisify(execFile)("pulumi", args, limits)).stdout);
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    const why =
      code === "ENOENT"
        ? "Pulumi's CLI must be on the PATH (pulumi.com/docs/install)"
        : stderr.trim().split("\n").at(-1) || (error as Error).message;
    throw new Failure(`The ${what} of the stack "${stack}" cannot be read: ${why}.`, EXIT.failed, {
      cause: error,
    });
  }
}

/** One token for many calls, asked for again well before the hour that it is good for is over. */
function keptTokens(fetchToken: () => Promise<string>): AccessTokens {
  let kept: { readonly token: Promise<string>; readonly until: number } | undefined;
  return {
    get() {
      if (!kept || Date.now() >= kept.until)
        kept = { token: fetchToken(), until: Date.now() + TOKEN_KEPT_MS };
      return kept.token;
    },
  };
}

function doorTo(origin: string): (operator: Impersonated) => Promise<GoogleDoor> {
  return async (operator) => ({ origin, accessToken: await accessToken(operator) });
}

async function accessToken(operator: Impersonated): Promise<string> {
  const { token } = await operator.getAccessToken();
  if (!token) throw new Error("Google gave no access token");
  return token;
}

async function impersonate<Result>(
  targetPrincipal: string,
  act: (operator: Impersonated) => Promise<Result>,
): Promise<Result> {
  try {
    const sourceClient = await new GoogleAuth({ scopes: SCOPE }).getClient();
    const operator = new Impersonated({
      sourceClient,
      targetPrincipal,
      targetScopes: [SCOPE],
      delegates: [],
    });
    return await act(operator);
  } catch (error) {
    throw new Failure(
      `The account ${targetPrincipal} cannot be impersonated: ${(error as Error).message}. Log in by gcloud auth application-default login, as one of the stack's platform:operators.`,
      EXIT.failed,
      { cause: error },
    );
  }
}
