import type { FindingKind } from "./finding.ts";
import { isGrantType } from "./grants.ts";
import type { ResourceChange } from "./stack-changes.ts";

/** What follows where a resource is gone that holds nothing itself, for good or until another is in its place. */
export interface Effect {
  /** `loss` is a deletion or a replacement, whichever it is. */
  readonly kind: FindingKind | "loss";
  readonly type: RegExp;
  /** `requests would …` */
  readonly effect: string;
  /** Of one whose replacement nobody notices. */
  readonly isOfDeletion?: true;
  /** Whether its deletion here deletes nothing at its service. */
  isKept?(inputs: Readonly<Record<string, unknown>>): boolean;
}

const EFFECTS: readonly Effect[] = [
  {
    kind: "alert",
    type: /:monitoring\/(alertPolicy|notificationChannel|slo|uptimeCheckConfig):/i,
    effect: "nobody would be told any more of what it watches",
  },
  { kind: "alert", type: /:logging\/metric:/, effect: "an alert that counts by it would stay silent" },
  {
    kind: "retention",
    type: /:logging\/\w*sink:/i,
    effect: "what it brings elsewhere would no longer be kept there",
  },
  {
    kind: "route",
    type: /:compute\/((region)?u(rl|RL)Map|.*forwardingRule|.*target\w*Proxy|(region)?backend(Service|Bucket)|.*networkEndpointGroup):|:dns\/recordSet:|^fastly:/i,
    effect: "requests that go this way would go nowhere",
  },
  {
    kind: "route",
    type: /:storage\/notification:|:eventarc\/trigger:/i,
    effect: "events that go this way would go nowhere",
  },
  {
    kind: "certificate",
    type: /certificatemanager|sslCertificate|sSLPolicy/i,
    effect: "what it shows or asks for in TLS would go",
  },
  {
    kind: "protection",
    type: /:compute\/\w*(securityPolicy(Rule)?|firewall\w*):/i,
    effect: "requests that it refuses would get through",
  },
  {
    kind: "protection",
    type: /I(AM|am)AuditConfig$/,
    effect: "who reads and changes what would no longer be written down",
  },
  {
    kind: "access",
    type: /:iam\/(workloadIdentityPool|workforcePool)Provider:/,
    effect: "whoever signs in by it would be refused",
  },
  {
    kind: "access",
    type: /I(AM|am)CustomRole$/,
    effect: "whoever has it could no longer do what it allows",
  },
  {
    kind: "loss",
    type: /:secretmanager\/\w*[sS]ecretVersion:/,
    effect: "the value that it holds would be gone",
  },
  {
    kind: "loss",
    type: /:projects\/service:/,
    effect: "the API would be off for all of the project",
    isKept: ({ disableOnDestroy }) => disableOnDestroy === false,
  },
  {
    kind: "loss",
    type: /:cloudrunv2\/|:cloudfunctionsv2\/|:cloudscheduler\//,
    effect: "what it does would no longer be done",
    isOfDeletion: true,
  },
];
/** Made anew from the program alone, with nothing lost. */
const REPEATABLE =
  /:storage\/bucketObject:|:pubsub\/(topic|schema):|:monitoring\/(dashboard|customService|group):|:projects\/serviceIdentity:/;
const UNKNOWN_KIND: Effect = {
  kind: "loss",
  type: /^/,
  effect: "what it holds, nobody here knows, and it would go with it",
};

export function effectOfLoss({ type, outcome, before }: ResourceChange): Effect | undefined {
  if (isGrantType(type) || REPEATABLE.test(type)) return undefined;
  const effect = EFFECTS.find((each) => each.type.test(type)) ?? UNKNOWN_KIND;
  if (outcome === "replace" && effect.isOfDeletion) return undefined;
  return effect.isKept?.(before?.inputs ?? {}) ? undefined : effect;
}
