import type { CertificateAuthority, RenewalInfo } from "../acme/certificate-authority.ts";
import { shareOf } from "../registry/due.ts";
import { type Lifetime, promisedTime, renewalByAge } from "./lifetime.ts";

export interface RenewalTime {
  readonly at: Date;
  /** The CA's own words for people, where it has moved the window for a reason. */
  readonly explanationUrl?: string | undefined;
}

/**
 * When a certificate is to be renewed: at a point in the window that its CA suggests for it, or else by its
 * age. Whatever the CA suggests, never so late that a renewal had no time left before less than the promised
 * share of its life is.
 *
 * @param certificateId of this very certificate: a window of another one would never end
 * @param ask the CA that issued it
 */
export async function renewalTime(
  ask: Pick<CertificateAuthority, "renewalInfo">["renewalInfo"],
  certificateId: string | undefined,
  lifetime: Lifetime,
): Promise<RenewalTime> {
  const window = certificateId === undefined ? undefined : await ask(certificateId);
  if (certificateId === undefined || window === undefined) return { at: renewalByAge(lifetime) };
  const last = (renewalByAge(lifetime).getTime() + promisedTime(lifetime).getTime()) / 2;
  const at = Math.min(pointIn(window, certificateId).getTime(), last);
  return { at: new Date(at), explanationUrl: window.explanationUrl };
}

/** A point of the window, the same each time that it is asked for, and evenly spread over certificates. */
export function pointIn({ start, end }: Pick<RenewalInfo, "start" | "end">, certificateId: string): Date {
  const share = shareOf(`${certificateId} ${start.toISOString()} ${end.toISOString()}`);
  return new Date(start.getTime() + share * (end.getTime() - start.getTime()));
}
