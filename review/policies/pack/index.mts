#!/usr/bin/env node
import { PolicyPack } from "@pulumi/policy";
import { judgePolicies, POLICIES } from "../policies.ts";
import { graphOfPack } from "./graph-of-pack.ts";

// The SDK reads the pack's version from there.
process.chdir(import.meta.dirname);

/** The policies under Pulumi's own CLI, which starts this file itself: no language plugin is needed. */
new PolicyPack("platform", {
  policies: POLICIES.map((policy) => ({
    name: policy.id,
    description: `${policy.reason} ${policy.wayOut} (${policy.source})`,
    enforcementLevel: policy.severity,
    validateStack({ resources }, report) {
      const graph = graphOfPack(resources);
      for (const { sentence, urn, exemption } of judgePolicies(graph, new Date(), undefined, [policy])) {
        if (exemption === undefined) report(sentence, urn);
      }
    },
  })),
});
