/** Why a process is no instance: it ended, did not listen in time, or could not be started. */
export class InstanceFailed extends Error {
  readonly code = "INSTANCE_FAILED";
  readonly lastLines: readonly string[];

  constructor(reason: string, lastLines: readonly string[], options?: ErrorOptions) {
    super(reason, options);
    this.name = "InstanceFailed";
    this.lastLines = lastLines;
  }
}
