/** Which request condition did not hold, for Google's `location` field. */
export interface ErrorLocation {
  readonly locationType: "header" | "parameter";
  readonly location: string;
}

/**
 * A refusal in the shape of Cloud Storage's JSON errors, which its clients read `code` and `reason` from.
 *
 * @see https://cloud.google.com/storage/docs/json_api/v1/status-codes
 */
export class StorageRefusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly domain: string;
  readonly location: ErrorLocation | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    { domain = "global", location }: { domain?: string; location?: ErrorLocation } = {},
  ) {
    super(message);
    this.name = "StorageRefusal";
    this.code = code;
    this.reason = reason;
    this.domain = domain;
    this.location = location;
  }

  /** The response's body. */
  toJSON(): object {
    const { code, message, domain, reason, location } = this;
    return { error: { code, message, errors: [{ message, domain, reason, ...location }] } };
  }
}

export function invalid(message: string, parameter?: string): StorageRefusal {
  return new StorageRefusal(400, "invalid", message, {
    ...(parameter !== undefined && { location: { locationType: "parameter", location: parameter } }),
  });
}

/** For what Cloud Storage has and this one does not. */
export function notImplemented(what: string): StorageRefusal {
  return new StorageRefusal(501, "notImplemented", `The local Cloud Storage does not support ${what}.`);
}

export function noSuchBucket(): StorageRefusal {
  return new StorageRefusal(404, "notFound", "The specified bucket does not exist.");
}

export function noSuchObject(bucket: string, name: string): StorageRefusal {
  return new StorageRefusal(404, "notFound", `No such object: ${bucket}/${name}`);
}

export function preconditionFailed(): StorageRefusal {
  return new StorageRefusal(
    412,
    "conditionNotMet",
    "At least one of the pre-conditions you specified did not hold.",
    { location: { locationType: "header", location: "If-Match" } },
  );
}

/** Google answers every `...NotMatch` that does match so, also on writes; the response has no body. */
export function notModified(): StorageRefusal {
  return new StorageRefusal(304, "notModified", "Not Modified");
}

export function rateLimitExceeded(bucket: string, name: string): StorageRefusal {
  return new StorageRefusal(
    429,
    "rateLimitExceeded",
    `The object ${bucket}/${name} exceeded the rate limit for object mutation operations (create, update, and delete). Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429.`,
    { domain: "usageLimits" },
  );
}

export function retained(bucket: string, name: string, until: string): StorageRefusal {
  return new StorageRefusal(
    403,
    "retentionPolicyNotMet",
    `Object '${bucket}/${name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${until}`,
  );
}
