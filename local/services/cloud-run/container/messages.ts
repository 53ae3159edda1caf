/** What an instance's process tells its host over the channel between them. */
export type InstanceMessage =
  | { readonly kind: "listening"; readonly port: number }
  /** Another program took the port between the host's choice and the instance's `listen`. */
  | { readonly kind: "portTaken"; readonly port: number }
  | { readonly kind: "egress"; readonly connections: readonly Connections[] };

/** Outgoing connections to one destination since the last message. */
export interface Connections {
  /** `address:port`, `name:port`, a socket's path, or what would have connected unseen. */
  readonly destination: string;
  /** The part of the cloud that is there, or the rule that refuses it. */
  readonly verdict: { readonly part: string } | { readonly rule: string };
  readonly count: number;
}
