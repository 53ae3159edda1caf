import type { Target } from "../target.ts";
import { EXIT, Failure } from "../terminal/failure.ts";
import { printJson } from "../terminal/output.ts";
import { artefactsOf } from "./artefacts.ts";

/** The log's id, which the platform's dashboard shows. */
const DEPLOY_LOG = "platform-deploy";
const DEADLINE_MS = 35_000;

export interface AnnotateOptions {
  readonly json?: boolean;
  readonly stack: string;
  readonly commit: string;
  /** Who deployed it. */
  readonly actor: string;
}

/**
 * Writes what a stack runs now into the log that its dashboard shows: commit, actor and the digest of each workload's
 * code.
 *
 * @throws {Failure} where Cloud Logging does not take it
 */
export async function annotateDeploy(
  target: Target,
  { json, stack, commit, actor }: AnnotateOptions,
): Promise<void> {
  const artefacts = artefactsOf(await target.resources());
  const { origin, accessToken, project } = await target.logging();
  const entry = {
    logName: `projects/${project}/logs/${DEPLOY_LOG}`,
    resource: { type: "global", labels: { project_id: project } },
    severity: "NOTICE",
    labels: { stack, commit, actor },
    jsonPayload: { message: `${actor} deployed ${commit} to ${stack}`, stack, commit, actor, artefacts },
  };
  await write(`${origin}/v2/entries:write`, accessToken, { entries: [entry] });
  if (json) printJson({ stack, commit, actor, artefacts });
  else process.stdout.write(`${entry.jsonPayload.message}: the dashboard's last page of the log shows it.\n`);
}

async function write(url: string, accessToken: string | undefined, body: object): Promise<void> {
  let response: Response;
  let said: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    said = await response.text();
  } catch (error) {
    const why = (error as Error).message;
    throw new Failure(`Cloud Logging did not answer (${why}).`, EXIT.failed, { cause: error });
  }
  if (!response.ok)
    throw new Failure(`Cloud Logging refuses the entry with ${response.status}: ${said.trim()}`);
}
