import * as z from "zod";

const TO_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
const TO_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const WHOLE = 100;

/** Where a share of a service's requests goes. */
export interface TrafficTarget {
  /** @default the newest revision that is ready */
  readonly revision?: string;
  /** Of 100. */
  readonly percent: number;
  /** Gives the target a URI of its own, `https://TAG---HOST`. */
  readonly tag?: string;
}

const targetSchema = z
  .strictObject({
    type: z.enum([TO_LATEST, TO_REVISION]),
    revision: z.string().optional(),
    percent: z.number().int().min(0).max(WHOLE).default(0),
    tag: z.string().optional(),
  })
  .refine(
    ({ type, revision }) => (type === TO_REVISION) === Boolean(revision),
    `revision must be set with ${TO_REVISION}, and only then`,
  )
  .refine(
    ({ tag }) => !tag || /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(tag),
    "tag must be lower-case letters, digits and dashes, begin with a letter and not end in a dash",
  )
  .transform(
    ({ revision, percent, tag }): TrafficTarget => ({
      ...(revision && { revision }),
      percent,
      ...(tag && { tag }),
    }),
  );

/** @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#TrafficTarget */
export const trafficSchema = z
  .array(targetSchema)
  .refine(
    (targets) => targets.length === 0 || targets.reduce((sum, { percent }) => sum + percent, 0) === WHOLE,
    `the percents must add up to ${WHOLE}`,
  )
  .refine((targets) => {
    const tags = targets.flatMap(({ tag }) => tag ?? []);
    return new Set(tags).size === tags.length;
  }, "no tag may be given twice")
  .default([])
  .transform((targets): readonly TrafficTarget[] => (targets.length === 0 ? [{ percent: WHOLE }] : targets));

/** `canary---api-x-ew.a.run.app` to the tag and the service's own host. */
export function splitHost(host: string): { readonly tag?: string; readonly host: string } {
  const [, tag, own] = /^(.+?)---(.+)$/.exec(host) ?? [];
  return tag === undefined || own === undefined ? { host } : { tag, host: own };
}

/** A table of who gets which requests. */
export class Routes<Target> {
  readonly #shares: readonly { readonly target: Target; readonly percent: number }[];
  readonly #tags: ReadonlyMap<string, Target>;

  constructor(
    shares: readonly {
      readonly target: Target;
      readonly percent: number;
      readonly tag?: string | undefined;
    }[],
  ) {
    this.#shares = shares.filter(({ percent }) => percent > 0);
    this.#tags = new Map(shares.flatMap(({ tag, target }) => (tag === undefined ? [] : [[tag, target]])));
  }

  /** All that requests can get to. */
  get targets(): ReadonlySet<Target> {
    return new Set([...this.#shares.map(({ target }) => target), ...this.#tags.values()]);
  }

  /** @param random from 0 to 1, 1 excluded: decides. */
  choose(random: number): Target | undefined {
    let rest = random * WHOLE;
    for (const { target, percent } of this.#shares) {
      rest -= percent;
      if (rest < 0) return target;
    }
    return this.#shares.at(-1)?.target;
  }

  tagged(tag: string): Target | undefined {
    return this.#tags.get(tag);
  }
}
