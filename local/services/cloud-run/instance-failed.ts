/** Why a process is no instance: it ended, did not listen in time, or could not be started. */
export class InstanceFailed extends Error {
  readonly code: string = "INSTANCE_FAILED";
  readonly lastLines: readonly string[];

  constructor(reason: string, lastLines: readonly string[], options?: ErrorOptions) {
    super(reason, options);
    this.name = "InstanceFailed";
    this.lastLines = lastLines;
  }
}

/** Another program took the instance's port before the instance did: no fault of the workload, and another port will do. */
export class InstancePortTaken extends InstanceFailed {
  override readonly code = "INSTANCE_PORT_TAKEN";

  constructor(port: number, lastLines: readonly string[]) {
    super(`found its port ${port} taken by another program`, lastLines);
    this.name = "InstancePortTaken";
  }
}
