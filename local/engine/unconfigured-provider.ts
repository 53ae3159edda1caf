import type { DiffAnswer } from "./provider-answers.ts";
import type { KnownProperties, ResourceProvider, Subject } from "./resource-provider.ts";
import type { Properties } from "./values.ts";

/**
 * Stands in, during a preview, for a provider whose configuration is not known yet: nobody can be asked.
 * Inputs are taken as they are, what exists is taken for changed, and what would come back is unknown.
 */
export class UnconfiguredProvider implements ResourceProvider {
  readonly supportsPreview = true;
  readonly unconfigured = true;

  async check(_subject: Subject, _olds: Properties | undefined, news: Properties): Promise<Properties> {
    return news;
  }

  async diff(): Promise<DiffAnswer> {
    return { changes: "some", replaces: [], deleteBeforeReplace: false, diffs: [], detailedDiff: {} };
  }

  async create(): Promise<{ id: string; outputs: Properties }> {
    return { id: "", outputs: {} };
  }

  async update(): Promise<Properties> {
    return {};
  }

  async delete(): Promise<void> {}

  async read(_subject: Subject, id: string): Promise<KnownProperties & { id: string }> {
    return { id, inputs: {}, outputs: {} };
  }

  async judge(): Promise<readonly []> {
    return [];
  }

  async invoke(): Promise<Properties> {
    return {};
  }
}
