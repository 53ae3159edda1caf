export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; `undefined` without a body. */
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** One collection of the API: a path and what may be done with it and with its members. */
export interface Endpoint {
  readonly path: string;
  readonly mediaType: "application/json" | "application/vnd.api+json";
  list(call: Call): Reply;
  get?(id: string): Reply;
  create?(call: Call): Reply;
  change?(id: string, call: Call): Reply;
  remove?(id: string): Reply;
}
