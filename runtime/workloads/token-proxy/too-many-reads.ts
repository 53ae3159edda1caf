/** More different names are being read than the limit allows. */
export class TooManyReads extends Error {
  readonly code = "TOO_MANY_READS";

  constructor(limit: number) {
    super(`More than ${limit} different challenges are being read at once.`);
    this.name = "TooManyReads";
  }
}
