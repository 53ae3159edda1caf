import type { Finding, Seen } from "./certificate-api.ts";

/** In what backup, CDN and edge do not agree, and what to do about it: two sentences. */
export interface Disagreement {
  readonly what: string;
  readonly next: string;
}

/** Each is named once, at its cause: an edge that shows what the CDN was told to says nothing new. */
export function disagreements(domain: string, finding: Finding, edge: Seen): readonly Disagreement[] {
  const { backup, passedOver, activated, linked } = finding;
  const restore = `npm run certificates -- restore ${domain} brings the backup there.`;
  const renew = `npm run domains -- renew ${domain} makes a new one.`;
  const named: Disagreement[] = passedOver.map(({ version, why }) => ({
    what: `Backup ${version} ${why}.`,
    next: renew,
  }));
  if (!backup && passedOver.length === 0) named.push({ what: "There is no backup.", next: renew });
  if (linked === "none") named.push({ what: "The CDN leads the name to no service.", next: restore });
  if (linked === "another's") {
    named.push({
      what: "At the CDN the name belongs to another service.",
      next: "Take it from that one at the CDN, then restore.",
    });
  }
  if (!backup) return named;
  if (activated === "none") named.push({ what: "The CDN has no certificate for the name.", next: restore });
  if (activated === "another") {
    named.push({ what: "The CDN has another certificate than the backup.", next: restore });
  }
  if (named.some(({ next }) => next === restore)) return named;
  if ("error" in edge) {
    named.push({ what: `The edge shows no certificate (${edge.error}).`, next: LATER });
  } else if (edge.serialNumber !== backup.serial) {
    const what = `The edge shows serial ${edge.serialNumber}, the backup has ${backup.serial}.`;
    named.push({ what, next: LATER });
  }
  return named;
}

const LATER = "The CDN has the right one, and takes up to an hour to show it: verify again then.";
