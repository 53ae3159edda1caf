import { refOf } from "./ack-id.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries } from "./deliveries.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import { invalid } from "./rpc-error.ts";

/** Of all ids in a request. @see https://cloud.google.com/pubsub/quotas#resource_limits */
const BYTES_A_REQUEST = 524_288;
const LONGEST_EXTENSION_SECONDS = 600;

/** What consumers say of the messages that they hold, in calls and on streams alike. */
export class Acknowledgements {
  readonly #deliveries: Deliveries;
  readonly #terms: LeaseTerms;
  readonly #commits: CommitQueue;

  constructor(deliveries: Deliveries, terms: LeaseTerms, commits: CommitQueue) {
    this.#deliveries = deliveries;
    this.#terms = terms;
    this.#commits = commits;
  }

  /** @throws {RpcError} INVALID_ARGUMENT for ids that no delivery of this subscription had. */
  async acknowledge(subscription: string, ackIds: readonly string[]): Promise<void> {
    const bytes = checkedSize(ackIds);
    const refs = ackIds.map((ackId) => refOf(ackId, subscription));
    await this.#commits.commit(
      () => {
        for (const { messageId } of refs) this.#deliveries.acknowledge(subscription, messageId);
      },
      { bytes, items: refs.length },
    );
  }

  /**
   * Gives each message the seconds that stand at its place; 0 gives it back. Nothing happens to
   * those whose deadline has passed.
   *
   * @throws {RpcError} INVALID_ARGUMENT for foreign ids, and for seconds that are not 0 to 600.
   */
  async modify(subscription: string, ackIds: readonly string[], seconds: readonly number[]): Promise<void> {
    const bytes = checkedSize(ackIds);
    const wrong = seconds.find((value) => value < 0 || value > LONGEST_EXTENSION_SECONDS);
    if (wrong !== undefined) {
      throw invalid(`ackDeadlineSeconds must be 0 to ${LONGEST_EXTENSION_SECONDS}; got ${wrong}.`);
    }
    const refs = ackIds.map((ackId) => refOf(ackId, subscription));
    await this.#commits.commit(
      () => {
        for (const [index, ref] of refs.entries()) {
          const term = seconds[index] ?? 0;
          if (term === 0) this.#deliveries.fail(ref);
          else this.#terms.extend(ref, term);
        }
      },
      { bytes, items: refs.length },
    );
  }
}

/** In bytes. */
function checkedSize(ackIds: readonly string[]): number {
  if (ackIds.length === 0) throw invalid("ackIds must be 1 or more; got none.");
  const bytes = ackIds.reduce((sum, ackId) => sum + ackId.length, 0);
  if (bytes > BYTES_A_REQUEST) {
    throw invalid(`ackIds must be at most ${BYTES_A_REQUEST} bytes a request; got ${bytes}.`);
  }
  return bytes;
}
