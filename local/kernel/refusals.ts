/** A call without a grant. The text is Google's, so that what is learnt here helps there. */
export class PermissionDenied extends Error {
  readonly code = "PERMISSION_DENIED";
  readonly permission: string;
  readonly resource: string;

  constructor(caller: string, permission: string, resource: string) {
    super(
      `${caller} does not have ${permission} access to ${resource}. Permission '${permission}' denied on resource (or it may not exist).`,
    );
    this.name = "PermissionDenied";
    this.permission = permission;
    this.resource = resource;
  }
}

/** A token that proves nothing here: the reason says which rule it breaks. */
export class InvalidToken extends Error {
  readonly code = "INVALID_TOKEN";

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "InvalidToken";
  }
}

/** A revision whose container did not come up; `logs` are its last lines. */
export class RevisionFailed extends Error {
  readonly code = "REVISION_FAILED";
  readonly logs: readonly string[];

  constructor(revision: string, reason: string, logs: readonly string[]) {
    super(`Revision "${revision}" ${reason}${logs.length > 0 ? `:\n${logs.join("\n")}` : "."}`);
    this.name = "RevisionFailed";
    this.logs = logs;
  }
}

/** A resource that another owner already made under the same name. */
export class AlreadyExists extends Error {
  readonly code = "ALREADY_EXISTS";

  constructor(kind: string, id: string) {
    super(`${kind} "${id}" already exists.`);
    this.name = "AlreadyExists";
  }
}
