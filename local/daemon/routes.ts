import type { Alerting } from "../services/monitoring/alerting.ts";
import type { Scheduler } from "../services/scheduler/scheduler.ts";
import type { ControlRoute } from "./control.ts";

/** What `alerts` and `jobs` of the command line ask. */
export function routesOf(
  alerting: Pick<Alerting, "policies">,
  scheduler: Pick<Scheduler, "list" | "runNow">,
): readonly ControlRoute[] {
  return [
    { method: "GET", path: /^\/alerts$/, answer: () => ({ policies: alerting.policies() }) },
    { method: "GET", path: /^\/jobs$/, answer: () => ({ jobs: scheduler.list() }) },
    { method: "POST", path: /^\/jobs\/([\w-]+)\/run$/, answer: (name) => scheduler.runNow(name ?? "") },
  ];
}
