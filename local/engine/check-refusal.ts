import { ProviderFailure } from "./provider-failure.ts";

/** Inputs that a provider's Check refuses: mistakes of the program, each by itself. */
export class CheckRefusal extends ProviderFailure {
  /** One a property, in a sentence that names it. */
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join("; "), { uncertain: false });
    this.name = "CheckRefusal";
    this.reasons = reasons;
  }
}
