/** What services rewrite by themselves, so that a plan shows it again and again and an update changes nothing. */
interface Churn {
  readonly type: RegExp;
  readonly path: RegExp;
}

const ANY = /^/;
const CHURN: readonly Churn[] = [
  { type: ANY, path: /^(etag|fingerprint|labelFingerprint|selfLink|updateTime|uid|observedGeneration)$/ },
  // What the provider adds to labels of its own.
  { type: ANY, path: /^(effectiveLabels|pulumiLabels|terraformLabels|effectiveAnnotations)(\.|\[|$)/ },
  // Who wrote it last: a console, a CLI, its version.
  { type: /:cloudrun/, path: /^(client|clientVersion)$/ },
  // The API answers with its newest version, whatever was asked for.
  { type: /pubsub.*:Subscription$/, path: /^pushConfig\.attributes(\.x-goog-version|\["x-goog-version"\])$/ },
  // The API answers with the generation of a copy of its own.
  { type: /cloudfunctions.*:Function$/, path: /^buildConfig\.source\.storageSource\.generation$/ },
  // The API writes JSON in an order of its own.
  { type: /:Dashboard$/, path: /^dashboardJson\.etag$/ },
  {
    type: /fastly:.*:Service(Vcl|Compute)$/,
    path: /^(activeVersion|clonedVersion|forceRefresh|imported|stagedVersion)$/,
  },
];

/** @param path of a property, as a preview has it */
export function isChurn(type: string, path: string): boolean {
  return CHURN.some((churn) => churn.type.test(type) && churn.path.test(path));
}
