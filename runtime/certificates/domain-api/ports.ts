import type { Logger } from "../../service/logger.ts";
import type { Topic } from "../../service/publisher.ts";
import type { Trace } from "../../service/trace.ts";
import type { Registry } from "../registry/registry.ts";
import type { Caller } from "./caller.ts";

/** What the API stands on. */
export interface Ports {
  readonly registry: Registry;
  readonly validation: Pick<Topic, "publish">;
  readonly issuing: Pick<Topic, "publish">;
  readonly now: () => Date;
}

/** One request's circumstances. */
export interface Scope {
  readonly caller: Caller;
  readonly trace: Trace;
  readonly logger: Logger;
}
