/** A call that Fastly would refuse. */
export class ApiError extends Error {
  readonly status: number;
  readonly title: string;

  constructor(status: number, title: string, detail: string) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.title = title;
  }
}

export function notFound(what: string, id: string): ApiError {
  return new ApiError(404, "Not found", `Couldn't find ${what} with id "${id}".`);
}

export function badRequest(detail: string): ApiError {
  return new ApiError(400, "Bad request", detail);
}
