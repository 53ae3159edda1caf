import type { ServiceSettings } from "./service-settings.ts";

/** Which of a service's logs: its requests, what its containers write, or what Cloud Run says of them. */
export type LogName = "requests" | "stdout" | "stderr" | "varlog/system";

/** What Cloud Logging knows of an entry by where it comes from. */
export interface LogOrigin {
  readonly source: string;
  readonly revision: string;
  /** `run.googleapis.com/stdout` */
  readonly logName: string;
  readonly resource: {
    readonly type: "cloud_run_revision";
    readonly labels: Readonly<Record<string, string>>;
  };
}

export type LoggedService = Pick<ServiceSettings, "project" | "location" | "name">;

/** @see https://cloud.google.com/run/docs/logging#log-resource */
export function originOf(
  { project, location, name }: LoggedService,
  revision: string,
  log: LogName,
): LogOrigin {
  return {
    source: name,
    revision,
    logName: `run.googleapis.com/${log}`,
    resource: {
      type: "cloud_run_revision",
      labels: {
        project_id: project,
        location,
        service_name: name,
        configuration_name: name,
        revision_name: revision,
      },
    },
  };
}
