import { atMostOneOf, dependent, onlyWhere } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject } from "../../../review/rules/rule.ts";
import { characters, rfc1035Label } from "../../../review/rules/text.ts";
import { nested } from "../../../review/rules/values.ts";
import { zoneName } from "./record-rules.ts";

export const ZONES = "https://cloud.google.com/dns/docs/reference/rest/v1/managedZones";

export const ZONE_RULES: readonly CitedRules[] = [
  cite(ZONES, {
    dnsName: zoneName(),
    name: rfc1035Label(),
    description: characters({ to: 1024 }),
    "": [
      onlyWhere("visibility", ["private"], "privateVisibilityConfig", "forwardingConfig", "peeringConfig"),
      atMostOneOf("forwardingConfig", "peeringConfig", "serviceDirectoryConfig"),
      onlyWhere("visibility", ["private"], "serviceDirectoryConfig"),
      dependent("visibility", ["private"], { absent: ["cloudLoggingConfig"] }),
      inObject(({ visibility, dnssecConfig }, report) => {
        const { state } = nested({ dnssecConfig }, "dnssecConfig");
        if (visibility === "private" && (state === "on" || state === "transfer")) {
          report("dnssecConfig.state", "must be off where visibility is private");
        }
      }),
    ],
  }),
];
