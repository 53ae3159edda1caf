import { isRegion } from "../../../review/rules/google/regions.ts";
import { presence } from "../../../review/rules/presence.ts";
import { ofText, type Report, type Rule } from "../../../review/rules/rule.ts";
import { hasUnknown, isProperties, listed, type Properties, UNKNOWN } from "../../../review/rules/values.ts";

const DUAL_REGION = /^(asia1|eur4|eur5|eur7|eur8|nam4)$/i;

/** Two regions within a multi-region, or, for what is near one machine, a zone. */
export function checkPlacement(
  { customPlacementConfig, location, storageClass }: Properties,
  report: Report,
): void {
  if (!isProperties(customPlacementConfig)) {
    if (storageClass === "RAPID" && presence(customPlacementConfig) === "absent")
      report("customPlacementConfig", "must name a zone where storageClass is RAPID");
    return;
  }
  const at = "customPlacementConfig.dataLocations";
  const places = listed(customPlacementConfig, "dataLocations");
  if (storageClass === UNKNOWN || hasUnknown(places)) return;
  const isZonal = storageClass === "RAPID";
  if (places.length !== (isZonal ? 1 : 2)) report(at, isZonal ? "must be one zone" : "must be two regions");
  for (const [index, place] of places.entries()) {
    const name = String(place).toLowerCase();
    if (isZonal ? !isRegion(name.replace(/-[a-z]$/, "")) || isRegion(name) : !isRegion(name))
      report(
        `${at}[${index}]`,
        `must be a ${isZonal ? "zone such as US-CENTRAL1-B" : "region such as EUROPE-WEST1"}`,
      );
    else if (isZonal && typeof location === "string" && !name.startsWith(`${location.toLowerCase()}-`))
      report(`${at}[${index}]`, `must be a zone of the bucket's location, ${location}`);
  }
  if (!isZonal && typeof location === "string" && isRegion(location.toLowerCase()))
    report("location", "must be a multi-region such as EU beside customPlacementConfig");
}

/** The classes of old are each for one sort of place, and replication in minutes for two regions. */
export function checkClassOfPlace(inputs: Properties, report: Report): void {
  const { location, storageClass, rpo } = inputs;
  if (typeof location !== "string") return;
  const isOne = isRegion(location.toLowerCase());
  if (storageClass === "REGIONAL" && !isOne) report("storageClass", "must not be REGIONAL outside a region");
  if (storageClass === "MULTI_REGIONAL" && isOne)
    report("storageClass", "must not be MULTI_REGIONAL in a region");
  const isDual = DUAL_REGION.test(location) || presence(inputs.customPlacementConfig) !== "absent";
  if (rpo === "ASYNC_TURBO" && !isDual) report("rpo", "must be DEFAULT where the location is no dual-region");
}

/** A region, or one of the places that span several; in any case, as the API takes it. */
export function location(): Rule {
  const wider = /^(asia|eu|in|us|asia1|eur4|eur5|eur7|eur8|nam4)$/i;
  return ofText((text) =>
    isRegion(text.toLowerCase()) || wider.test(text)
      ? undefined
      : "must be a region such as EUROPE-WEST1, a multi-region (ASIA, EU, US) or a dual-region (ASIA1, EUR4, EUR5, EUR7, EUR8, NAM4)",
  );
}
