import type { Properties } from "./values.ts";

/** What a resource became whose provider made it, and then found it not working. */
export interface PartialResult {
  readonly id: string;
  readonly outputs: Properties;
}

/** A provider's refusal or breakdown, in the provider's words. */
export class ProviderFailure extends Error {
  readonly code = "PROVIDER_FAILURE";
  /** No answer came, so the effect may have happened: repeat the call before planning anything else. */
  readonly uncertain: boolean;
  readonly partial: PartialResult | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { uncertain: boolean; partial?: PartialResult | undefined },
  ) {
    super(message, options);
    this.name = "ProviderFailure";
    this.uncertain = options.uncertain;
    this.partial = options.partial;
  }
}
