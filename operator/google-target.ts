import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GoogleAuth, Impersonated } from "google-auth-library";
import { z } from "zod";
import type { AccessTokens } from "../runtime/google/access-tokens.ts";
import type { GoogleDoor } from "./pubsub-client.ts";
import { stagesSchema, type Target } from "./target.ts";
import { EXIT, Failure } from "./terminal/failure.ts";

const OUTPUTS_DEADLINE_MS = 60_000;
const HTTPS_PORT = 443;
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
});

/**
 * The platform of a stack in Google Cloud: found by the stack's outputs, as the caller's own Pulumi CLI reads them, and
 * called as the operator's account, which the caller's own credentials must be allowed to impersonate.
 *
 * @throws {Failure} when the outputs cannot be read.
 */
export async function googleTarget(stack: string): Promise<Target> {
  const outputs = await outputsOf(stack);
  const { apiUrl, apiAudience, operatorServiceAccount, stages, backupBucket, backupKey } = outputs;
  return {
    apiUrl: new URL(apiUrl),
    api: { port: HTTPS_PORT },
    edge: { port: HTTPS_PORT },
    idToken: () =>
      impersonate(operatorServiceAccount, (operator) =>
        operator.fetchIdToken(apiAudience, { includeEmail: true }),
      ),
    pubsub: () => impersonate(operatorServiceAccount, pubsubDoor),
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
  let stdout: string;
  try {
    const args = ["stack", "output", "--json", "--non-interactive", "--stack", stack];
    ({ stdout } = await promisify(execFile)("pulumi", args, { timeout: OUTPUTS_DEADLINE_MS }));
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    const why =
      code === "ENOENT"
        ? "Pulumi's CLI must be on the PATH (pulumi.com/docs/install)"
        : stderr.trim().split("\n").at(-1) || (error as Error).message;
    throw new Failure(`The outputs of the stack "${stack}" cannot be read: ${why}.`, EXIT.failed, {
      cause: error,
    });
  }
  const outputs = outputsSchema.safeParse(JSON.parse(stdout));
  if (outputs.success) return outputs.data;
  throw new Failure(`There is no platform in the stack "${stack}" yet: pulumi up --stack ${stack} makes it.`);
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

async function pubsubDoor(operator: Impersonated): Promise<GoogleDoor> {
  return { origin: PUBSUB, accessToken: await accessToken(operator) };
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
