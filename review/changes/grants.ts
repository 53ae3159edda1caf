import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import { typeOf } from "../preview/urn.ts";
import { TERMS } from "./grant-target.ts";
import { noun, shown, subject } from "./wording.ts";

const BY_IAM = /I(AM|am)(Member|Binding|Policy)$/;
/** What gives roles to somebody in words of its own. */
const BY_LIST = /:storage\/\w*(AccessControl|ACL):|:bigquery\/dataset(Access)?:/;
const EVERYBODY: Readonly<Record<string, string>> = {
  allUsers: "everybody on the internet (allUsers)",
  allAuthenticatedUsers: "everybody with a Google account (allAuthenticatedUsers)",
};
const UNMADE = "an identity that is known only once it is made";

/** One role of one member on one resource. */
export interface Grant {
  readonly role: string;
  /** As Google has it; of one that is yet to be made, its URN. */
  readonly member: string;
  readonly condition: unknown;
  /** In a sentence. */
  readonly who: string;
}

/** Of what a grant may speak of: before, and after. */
export type StatesOf = (urn: string) => readonly ResourceState[];

export function isGrantType(type: string): boolean {
  return BY_IAM.test(type) || BY_LIST.test(type);
}

/** All that a resource gives, whatever form it gives it in. */
export function grantsOf(state: ResourceState, statesOf: StatesOf): readonly Grant[] {
  return rawGrants(state).map(({ role, member, condition }) => {
    const made = identityOf(member, state, statesOf);
    const key = made !== undefined ? made : member;
    return { role, member: key, condition, who: made === undefined ? whoIs(member) : subject(made) };
  });
}

export function isPublic({ member }: Grant): boolean {
  return member in EVERYBODY;
}

type Raw = Pick<Grant, "role" | "member" | "condition">;

function rawGrants({ type, inputs }: ResourceState): readonly Raw[] {
  if (inputs.policyData !== undefined) return ofPolicy(inputs.policyData);
  if (type.includes(":bigquery/dataset:")) return [inputs.accesses ?? []].flat().flatMap(ofAccess);
  if (type.includes(":bigquery/datasetAccess:")) return ofAccess(inputs);
  const entities = [inputs.entity ?? []].flat().map((entity) => [inputs.role, entity] as const);
  const pairs = [inputs.roleEntities ?? []].flat().map((pair) => {
    const [, role, entity] = /^([^:]*):(.*)$/s.exec(String(pair)) ?? [];
    return [role, entity] as const;
  });
  const canned = CANNED[String(inputs.predefinedAcl)] ?? [];
  const members = [inputs.member ?? inputs.members ?? []].flat();
  return [
    ...[...entities, ...pairs, ...canned].map(([role, entity]) => raw(role, entity)),
    ...members.map((member) => raw(inputs.role, member, inputs.condition)),
  ];
}

const CANNED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  publicRead: [["READER", "allUsers"]],
  publicReadWrite: [["WRITER", "allUsers"]],
  authenticatedRead: [["READER", "allAuthenticatedUsers"]],
};

function raw(role: unknown, member: unknown, condition?: unknown): Raw {
  return { role: textOf(role) || "a role", member: textOf(member), condition };
}

function ofPolicy(data: unknown): readonly Raw[] {
  const parsed = typeof data === "string" ? parsedJson(data) : data;
  const bindings = (parsed as { bindings?: unknown } | undefined)?.bindings;
  if (!Array.isArray(bindings)) return [raw("a whole policy", data)];
  return bindings.flatMap(({ role, members, condition }) =>
    [members ?? []].flat().map((member: unknown) => raw(role, member, condition)),
  );
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ofAccess(access: unknown): readonly Raw[] {
  if (typeof access !== "object" || access === null) return [];
  const { role, condition, ...of } = access as Readonly<Record<string, unknown>>;
  const member =
    of.iamMember ??
    of.specialGroup ??
    (of.userByEmail !== undefined ? `user:${of.userByEmail}` : undefined) ??
    (of.groupByEmail !== undefined ? `group:${of.groupByEmail}` : undefined) ??
    (of.domain !== undefined ? `domain:${of.domain}` : undefined);
  if (member !== undefined) return [raw(role, member, condition)];
  const other = Object.entries({
    view: of.view,
    routine: of.routine,
    dataset: of.dataset ?? of.authorizedDataset,
  });
  return other.flatMap(([name, value]) =>
    value === undefined ? [] : [raw(role ?? "reading", `${name}:${JSON.stringify(value)}`, condition)],
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}

/** The URN of what the program makes, if a member is nothing but that. */
function identityOf(member: string, state: ResourceState, statesOf: StatesOf): string | undefined {
  if (member in EVERYBODY) return undefined;
  const made = Object.entries(state.propertyDependencies).flatMap(([name, urns]) =>
    TERMS.includes(name) ? urns : [],
  );
  const accounts = [...new Set(made)].filter((urn) =>
    /^gcp:serviceaccount\/|serviceIdentity:/i.test(typeOf(urn)),
  );
  const known = accounts.find((urn) => statesOf(urn).some((account) => isMember(account, member)));
  if (known !== undefined) return known;
  const isWholly = member === UNKNOWN || member === `serviceAccount:${UNKNOWN}`;
  return isWholly && made.length === 1 && accounts.length === 1 ? accounts[0] : undefined;
}

function isMember({ inputs, outputs }: ResourceState, member: string): boolean {
  const { accountId, project } = inputs;
  const named =
    typeof accountId === "string" && typeof project === "string"
      ? [`${accountId}@${project}.iam.gserviceaccount.com`]
      : [];
  const emails = [outputs.email, ...named].filter((email) => typeof email === "string" && email !== UNKNOWN);
  return emails.some((email) => email !== "" && member === `serviceAccount:${email}`);
}

function whoIs(member: string): string {
  const everybody = EVERYBODY[member];
  if (everybody !== undefined) return everybody;
  if (member === "" || member.includes(UNKNOWN)) return UNMADE;
  const [, kind = "", name = member] = /^(\w+):(.*)$/s.exec(member) ?? [];
  return `${noun(`::${kind.charAt(0).toUpperCase()}${kind.slice(1)}`)} "${shown(name, [])}"`.trim();
}
