import { paint, printJson, table } from "../../operator/terminal/output.ts";
import { control, requireCloud } from "../daemon/cloud-process.ts";
import type { ReceivedNotice } from "../services/alert-receiver/notices.ts";
import type { PolicyStatus } from "../services/monitoring/alerting.ts";

interface Options {
  readonly stateDir: string;
  readonly json?: boolean;
}

/** The alert policies, the state of each, and what they told whom last. */
export async function listAlerts({ stateDir, json }: Options): Promise<void> {
  const { ports } = await requireCloud(stateDir);
  const { policies } = (await control(ports.control, "GET", "/alerts")) as {
    policies: readonly PolicyStatus[];
  };
  if (json) {
    printJson({ policies });
    return;
  }
  if (policies.length === 0) {
    process.stdout.write("There is no alert policy.\n");
    return;
  }
  const rows = policies.map(({ displayName, severity, state, since, conditions }) => [
    displayName,
    severity,
    since === null ? state : `${state} since ${since}`,
    conditions.map(shown).join("; "),
  ]);
  process.stdout.write(`${table([["POLICY", "SEVERITY", "STATE", "VALUE"], ...rows])}\n`);
  for (const { at, event, type, recipient, subject } of policies.flatMap(
    ({ notifications }) => notifications,
  )) {
    process.stdout.write(
      `${paint("dim", at)}  ${event}  ${type} ${recipient}  ${subject} (kept, not sent)\n`,
    );
  }
}

/** What Slack and Sentry would have got of domains' problems. */
export async function listNotices({ stateDir, json }: Options): Promise<void> {
  const { ports } = await requireCloud(stateDir);
  const { notices } = (await control(ports.control, "GET", "/notices")) as {
    notices: readonly ReceivedNotice[];
  };
  if (json) {
    printJson({ notices });
    return;
  }
  if (notices.length === 0) process.stdout.write("Nobody has been told of anything.\n");
  for (const { at, receiver, title } of notices) {
    process.stdout.write(`${paint("dim", at)}  ${receiver}  ${title}\n`);
  }
}

function shown({ kind, value, threshold }: PolicyStatus["conditions"][number]): string {
  if (kind === "log") return "on log entries";
  if (kind === "absence") return "on silence";
  return `${value === null ? "no data" : Number(value.toFixed(3))}, threshold ${threshold}`;
}
