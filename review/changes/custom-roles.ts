import type { Rule } from "./finding.ts";
import { capitalised, listed, subject } from "./wording.ts";

const CUSTOM_ROLE = /I(AM|am)CustomRole$/;
/** More of them are counted. */
const MOST_PERMISSIONS = 6;

/** Whoever has a role of the program's own may do what it says. */
export const customRoles: Rule = ({ urn, type, before, after }) => {
  if (!CUSTOM_ROLE.test(type) || before === undefined || after === undefined) return [];
  const [old, next] = [before, after].map(({ inputs }) => [inputs.permissions ?? []].flat().map(String));
  const added = (next ?? []).filter((permission) => !old?.includes(permission));
  const removed = (old ?? []).filter((permission) => !next?.includes(permission));
  if (added.length === 0 && removed.length === 0) return [];
  const told = [
    ...(added.length > 0 ? [`also do ${listed(added, MOST_PERMISSIONS)}`] : []),
    ...(removed.length > 0 ? [`no longer do ${listed(removed, MOST_PERMISSIONS)}`] : []),
  ];
  const sentence = `${capitalised(subject(urn))}: whoever has it could ${told.join(" and ")}.`;
  return [{ urn, kind: "access", sentence }];
};
