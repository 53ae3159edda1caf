import type { CloudResource } from "../kernel/contract.ts";
import type { AlertReceiver } from "../services/alert-receiver/alert-receiver.ts";
import type { Alerting } from "../services/monitoring/alerting.ts";
import type { PubSub } from "../services/pubsub/contract.ts";
import type { Scheduler } from "../services/scheduler/scheduler.ts";
import type { ControlRoute } from "./control.ts";

/** What `alerts`, `jobs`, `up` and a rehearsal of the command line ask. */
export function routesOf(
  inventory: () => readonly CloudResource[],
  alerting: Pick<Alerting, "policies">,
  receiver: Pick<AlertReceiver, "notices">,
  scheduler: Pick<Scheduler, "list" | "runNow">,
  pubsub: Pick<PubSub, "backlogs">,
): readonly ControlRoute[] {
  return [
    {
      method: "GET",
      path: /^\/resources$/,
      // What they are like may be secret.
      answer: () => ({ resources: inventory().map(({ kind, id, urn }) => ({ kind, id, urn })) }),
    },
    { method: "GET", path: /^\/alerts$/, answer: () => ({ policies: alerting.policies() }) },
    { method: "GET", path: /^\/notices$/, answer: () => ({ notices: receiver.notices() }) },
    { method: "GET", path: /^\/backlogs$/, answer: () => ({ backlogs: pubsub.backlogs() }) },
    { method: "GET", path: /^\/jobs$/, answer: () => ({ jobs: scheduler.list() }) },
    { method: "POST", path: /^\/jobs\/([\w-]+)\/run$/, answer: (name) => scheduler.runNow(name ?? "") },
  ];
}
