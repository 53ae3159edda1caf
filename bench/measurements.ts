import { changedWorkload } from "./changed-workload.ts";
import { cloudMemory } from "./cloud-memory.ts";
import { edgeLoad } from "./edge-load.ts";
import { freshClone } from "./fresh-clone.ts";
import { manyChecks } from "./many-checks.ts";
import { manyDomains } from "./many-domains.ts";
import { manyResources } from "./many-resources.ts";
import type { Measurement } from "./measurement.ts";
import { messages } from "./messages.ts";
import { preview } from "./preview.ts";
import { registration } from "./registration.ts";
import { restore } from "./restore.ts";
import { secondUp } from "./second-up.ts";
import { tokenProxy } from "./token-proxy.ts";
import { workloadStart } from "./workload-start.ts";

/** All there are, in the order in which they run. */
export const MEASUREMENTS: readonly Measurement[] = [
  secondUp,
  preview,
  changedWorkload,
  manyResources,
  registration,
  manyDomains,
  manyChecks,
  messages,
  workloadStart,
  restore,
  tokenProxy,
  edgeLoad,
  cloudMemory,
  freshClone,
];
