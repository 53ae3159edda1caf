import type { FoundRecord, Registry } from "../../certificates/registry/registry.ts";

export type CurrentOrder =
  | ({ readonly kind: "current" } & FoundRecord)
  | {
      readonly kind: "dropped";
      readonly reason: string;
      /** Whether the domain is on no customer's list any more, so that nobody else looks after its link. */
      readonly isGone: boolean;
    };

/** The record, if it still waits for this order's verdict. */
export async function findCurrent(
  registry: Registry,
  domain: string,
  orderNumber: number,
): Promise<CurrentOrder> {
  const found = await registry.find(domain);
  const drop = (reason: string, isGone = false): CurrentOrder => ({ kind: "dropped", reason, isGone });
  if (found === undefined) return drop(`${domain} is not registered.`, true);
  const { lifecycle, orderNumber: newest } = found.record;
  if (lifecycle === "removing") return drop(`${domain} is being removed.`, true);
  if (newest !== orderNumber) return drop(`${domain} is at order ${newest}; this was for ${orderNumber}.`);
  if (lifecycle === "failed") return drop(`Order ${orderNumber} of ${domain} has failed already.`);
  return { kind: "current", ...found };
}
