import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { Failure } from "../../operator/terminal/failure.ts";
import { REPOSITORY } from "../kernel/place.ts";
import type { BaseRevision } from "./review/base-revision.ts";

/** The form of what is stored or on its way: an older release must be able to read what the newer one wrote. */
export const FORMATS = [
  "runtime/certificates/alerts/stored-problem.ts",
  "runtime/certificates/backup/envelope.ts",
  "runtime/certificates/budgets/bucket-object.ts",
  "runtime/certificates/messages.ts",
  "runtime/certificates/registry/layout.ts",
  "runtime/certificates/registry/lifecycle.ts",
];

/** @throws {Failure} */
export function refuseOtherFormats({ folder }: BaseRevision, commit: string): void {
  const changed = FORMATS.filter((file) => textOf(join(folder, file)) !== textOf(join(REPOSITORY, file)));
  if (changed.length === 0) return;
  throw new Failure(
    `${commit} stores in another form: ${changed.join(", ")} changed since. Read whether it can read what is stored now (git diff ${commit} -- ${changed.join(" ")}), then give --formats-read.`,
  );
}

/** Keys of the stack's configuration that are others now. @throws {Failure} where its secrets could not be read */
export function otherSettings({ folder }: BaseRevision, stack: string): readonly string[] {
  const [before, now] = [folder, REPOSITORY].map((root) => settingsOf(join(root, `Pulumi.${stack}.yaml`)));
  if (before?.encryptedkey !== now?.encryptedkey) {
    throw new Failure(
      `Pulumi.${stack}.yaml has another key for the stack's secrets since: it must be in the commit that is gone back to.`,
    );
  }
  const [was, is] = [before?.config ?? {}, now?.config ?? {}];
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].filter((key) => JSON.stringify(was[key]) !== JSON.stringify(is[key])).sort();
}

interface Settings {
  readonly encryptedkey?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

function settingsOf(file: string): Settings {
  return (parse(textOf(file) ?? "") ?? {}) as Settings;
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
