import { EXIT } from "../../operator/terminal/failure.ts";
import { interruptible } from "../../operator/terminal/interruptible.ts";
import { printJson, table } from "../../operator/terminal/output.ts";
import { type Evidence, type Grant, grantsOf } from "../../review/grants/grants.ts";
import { programFolder } from "../pulumi/local-stack.ts";
import { Program } from "../pulumi/program.ts";
import { ROLES } from "../services/iam/roles.ts";
import { graphOfStack } from "./golden.ts";

/** Tells of a stack who may do what to what, and what shows that each grant is needed. */
export async function listGrants(
  stack: string,
  { cwd, json }: { readonly cwd?: string; readonly json?: boolean },
): Promise<void> {
  const program = new Program(programFolder(cwd));
  const read = await interruptible((signal) => graphOfStack(stack, program, signal));
  if (read.interrupted) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  const grants = grantsOf(read.result, (role) => ROLES[role] ?? []);
  if (json) {
    printJson({ stack, grants });
    return;
  }
  process.stdout.write(`${table([["WHO", "MAY", "ON", "GRANT", "NEEDED BY"], ...grants.map(rowOf)])}\n`);
  const bare = grants.filter(({ evidence }) => evidence.kind === "none");
  process.stdout.write(
    `${grants.length} grants to ${new Set(grants.map(({ identity }) => identity)).size} identities; ${bare.length} of them no test needs.\n`,
  );
}

/** With no role that is known here, its name says more than nothing. */
function rowOf({ identity, role, permissions, on, name, condition, evidence }: Grant): readonly string[] {
  const may = permissions.length > 0 ? permissions.join(", ") : role;
  return [identity, may, condition === undefined ? on : `${on}, if ${condition}`, name, neededBy(evidence)];
}

function neededBy(evidence: Evidence): string {
  switch (evidence.kind) {
    case "taken away":
      return `${evidence.test} (takes ${evidence.permission} away)`;
    case "used":
      return evidence.test;
    case "in the cloud":
      return `only in the cloud: ${evidence.source}`;
    case "none":
      return "nothing";
  }
}
