import type { CheckFailure, DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { CheckRefusal } from "./check-refusal.ts";
import type { DifferenceKind } from "./differences.ts";

export interface DiffAnswer {
  readonly changes: "none" | "some" | "unknown";
  /** Properties that cannot change in place. */
  readonly replaces: readonly string[];
  /** The replacement cannot exist beside what it replaces. */
  readonly deleteBeforeReplace: boolean;
  /** Top-level properties that change. */
  readonly diffs: readonly string[];
  readonly detailedDiff: Readonly<Record<string, { kind: DifferenceKind; inputDiff: boolean }>>;
}

export function diffAnswer(response: DiffResponse): DiffAnswer {
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE_REPLACE } = providerPb.PropertyDiff.Kind;
  const replaces = new Set(response.getReplacesList());
  const detailedDiff: Record<string, { kind: DifferenceKind; inputDiff: boolean }> = {};
  for (const [path, diff] of response.getDetaileddiffMap().entries()) {
    const kind = diff.getKind();
    if (kind === ADD_REPLACE || kind === DELETE_REPLACE || kind === UPDATE_REPLACE) replaces.add(path);
    detailedDiff[path] = {
      kind:
        kind === ADD || kind === ADD_REPLACE
          ? "add"
          : kind === DELETE || kind === DELETE_REPLACE
            ? "delete"
            : "update",
      inputDiff: diff.getInputdiff(),
    };
  }
  const changes = response.getChanges();
  return {
    changes: changes === DIFF_SOME ? "some" : changes === DIFF_NONE ? "none" : "unknown",
    replaces: [...replaces],
    deleteBeforeReplace: response.getDeletebeforereplace(),
    diffs: response.getDiffsList(),
    detailedDiff,
  };
}

/** @throws {CheckRefusal} listing every property that the provider found wrong. */
export function throwFailures(failures: readonly CheckFailure[]): void {
  if (failures.length === 0) return;
  throw new CheckRefusal(
    failures.map((failure) => {
      const [property, reason] = [failure.getProperty(), failure.getReason()];
      return reason.startsWith(property) ? reason : `${property}: ${reason}`;
    }),
  );
}
