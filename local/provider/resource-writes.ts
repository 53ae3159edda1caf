import { absentFrom, hasUnknown, type Properties, reveal } from "../../review/rules/values.ts";
import type { CloudResource } from "../kernel/contract.ts";
import { AlreadyExists } from "../kernel/refusals.ts";
import { withDeadline } from "./deadline.ts";
import { diffInputs } from "./diff-inputs.ts";
import { differences } from "./differences.ts";
import { addInnerOutputs, inThe } from "./inner-outputs.ts";
import type { Draft, Kind, ProviderConfig, ResourceHolder } from "./kind.ts";
import { inTheCloud, refuseUnmet } from "./prerequisites.ts";
import { ProviderError } from "./provider-error.ts";
import type { CreateRequest, CreateResult, Subject, UpdateRequest } from "./requests.ts";
import { refuseSpent } from "./spent-ids.ts";
import { storedInputs, storedProperties, toStored } from "./stored.ts";

/** A start that takes longer is a failure: Cloud Run itself gives an instance 4 minutes. */
const READY_DEADLINE_SECONDS = 300;

/** What the engine of the hour has said. */
export interface WriteSession {
  readonly config: ProviderConfig;
  /** Ends the waits that are under way. */
  readonly signal: AbortSignal;
}

interface Write extends Subject {
  readonly id: string;
  readonly properties: Properties;
  readonly previous: CloudResource | undefined;
  readonly timeoutSeconds: number;
  undo(): void;
}

/** @throws {ProviderError} ALREADY_EXISTS when another URN made what has this id. */
export async function createResource(
  kind: Kind<unknown>,
  request: CreateRequest,
  parts: ResourceHolder,
  session: WriteSession,
): Promise<CreateResult> {
  const { resources } = parts.kernel;
  refuseUnknown(request.urn, request.properties);
  const id = kind.id(reveal(request.properties), request.urn, resources);
  const previous = resources.get(kind.token, id);
  if (previous) refuseConflict(kind, previous, request);
  else if (kind.idOutlives) refuseSpent(kind, id, parts);
  const undo = () => resources.remove(kind.token, id);
  return { id, properties: await write(kind, { ...request, id, previous, undo }, parts, session) };
}

/** @throws {ProviderError} NOT_FOUND when the cloud does not hold the resource. A failure leaves the old one. */
export async function updateResource(
  kind: Kind<unknown>,
  request: UpdateRequest,
  parts: ResourceHolder,
  session: WriteSession,
): Promise<Properties> {
  const { resources } = parts.kernel;
  refuseUnknown(request.urn, request.news);
  const previous = resources.get(kind.token, request.id);
  if (!previous) {
    throw new ProviderError(
      "NOT_FOUND",
      `Error 404: ${kind.token} "${request.id}" was not found in the local cloud, whose state is apart from the stack's.`,
    );
  }
  const undo = () => resources.put(previous);
  return write(kind, { ...request, properties: request.news, previous, undo }, parts, session);
}

async function write(
  kind: Kind<unknown>,
  request: Write,
  parts: ResourceHolder,
  { config, signal }: WriteSession,
): Promise<Properties> {
  const { urn, id, properties, previous } = request;
  const { resources } = parts.kernel;
  const made = previous?.urn === urn && isSameAs(kind, previous, properties);
  if (!made) {
    const draft: Draft = {
      id,
      urn,
      inputs: reveal(properties),
      now: new Date().toISOString(),
      ...(previous && { previous }),
    };
    refuseUnmet(kind, draft, inTheCloud(parts, config));
    const outputs = {
      ...absentFrom(draft.inputs, { ...kind.tacit, ...kind.assigned }),
      ...kind.known?.(draft.inputs),
      ...kind.outputs?.(draft, parts),
    };
    const stored = toStored({ ...draft.inputs, ...outputs });
    resources.put({ kind: kind.token, id, urn, properties: stored });
  }
  if (kind.ready) {
    const seconds = request.timeoutSeconds || READY_DEADLINE_SECONDS;
    try {
      await withDeadline(kind.ready(id, parts), seconds, signal, `${kind.token} "${id}"`);
    } catch (error) {
      request.undo();
      throw error;
    }
  }
  const written = resources.get(kind.token, id);
  const stored = written ? storedProperties(kind, written) : {};
  return { ...stored, ...addInnerOutputs(kind, properties, inThe(stored)) };
}

/** Whether the very act was done before: then it is not done again, and what it gave stands. */
function isSameAs(kind: Kind, previous: CloudResource, properties: Properties): boolean {
  return differences(storedInputs(kind, previous, properties), properties).size === 0;
}

/** What stands there is the same act made before, unless it is another's or this one's predecessor. */
function refuseConflict(kind: Kind, previous: CloudResource, { urn, properties: news }: CreateRequest): void {
  const { id } = previous;
  const { message } = new AlreadyExists(kind.token, id);
  if (previous.urn !== urn && !kind.shared) {
    throw new ProviderError("ALREADY_EXISTS", `Error 409: ${message} It belongs to ${previous.urn}.`);
  }
  const oldInputs = storedInputs(kind, previous, news);
  const { changes } = diffInputs(kind, { urn, id, oldInputs, olds: {}, news, ignoreChanges: [] });
  const forced = [...changes].filter(([, { replaces }]) => replaces).map(([path]) => path);
  if (forced.length > 0) {
    throw new ProviderError("ALREADY_EXISTS", `Error 409: ${message} It has another ${forced.join(", ")}.`);
  }
}

function refuseUnknown(urn: string, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (hasUnknown(value)) {
      throw new ProviderError(
        "INVALID_ARGUMENT",
        `"${urn}": ${name} must be known by now; got an unknown value.`,
      );
    }
  }
}
