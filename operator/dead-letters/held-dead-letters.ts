import { PubSubClient } from "../pubsub-client.ts";
import type { Target } from "../target.ts";
import { Failure } from "../terminal/failure.ts";
import { type DeadLetter, deadLetterOf } from "./dead-letter.ts";

/** While a command looks at them, nobody else is given the same ones. */
const HOLD_SECONDS = 120;
/** Of each stage: a command shows and handles so many at a time. */
const MOST = 1_000;
/** Pub/Sub may answer with nothing though there is something. */
const EMPTY_ANSWERS = 3;

/**
 * The dead letters of all stages, held while `work` looks at them. Those that it does not take away
 * are let go at the end, and there for the next command.
 */
export async function withDeadLetters<Result>(
  target: Target,
  work: (held: HeldDeadLetters) => Promise<Result>,
): Promise<Result> {
  if (Object.keys(target.stages).length === 0) {
    throw new Failure("The stack does not say where its dead letters are: update it first.");
  }
  const held = new HeldDeadLetters(target, new PubSubClient(await target.pubsub()));
  try {
    await held.gather();
    return await work(held);
  } finally {
    await held.release();
  }
}

export class HeldDeadLetters {
  readonly #target: Target;
  readonly #pubsub: PubSubClient;
  /** By id: what is delivered twice is held once, by its last lease. */
  readonly #held = new Map<string, DeadLetter>();

  constructor(target: Target, pubsub: PubSubClient) {
    this.#target = target;
    this.#pubsub = pubsub;
  }

  /** Oldest first. */
  get all(): readonly DeadLetter[] {
    return [...this.#held.values()].sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  }

  /** @throws {Failure} */
  find(id: string): DeadLetter {
    const found = this.#held.get(id);
    if (found) return found;
    throw new Failure(
      `There is no dead letter ${id}; npm run deadletters -- list shows those that there are.`,
    );
  }

  async gather(): Promise<void> {
    for (const [stage, { deadLetters }] of Object.entries(this.#target.stages)) {
      let empty = 0;
      for (let count = 0; count < MOST && empty < EMPTY_ANSWERS; ) {
        const received = await this.#pubsub.pull(deadLetters);
        const ackIds = received.map(({ ackId }) => ackId);
        await this.#pubsub.hold(deadLetters, ackIds, HOLD_SECONDS);
        for (const message of received) {
          const letter = deadLetterOf(stage, message);
          this.#held.set(letter.id, letter);
        }
        count += received.length;
        empty = received.length === 0 ? empty + 1 : 0;
      }
    }
  }

  /**
   * To the stage where it came from, and only then away from here: a crash in between leaves a
   * duplicate, which stages take.
   */
  async redrive(letter: DeadLetter): Promise<void> {
    const { topic } = this.#stage(letter);
    await this.#pubsub.publish(topic, letter.data, letter.attributes);
    await this.drop(letter);
  }

  async drop(letter: DeadLetter): Promise<void> {
    await this.#pubsub.acknowledge(this.#stage(letter).deadLetters, [letter.ackId]);
    this.#held.delete(letter.id);
  }

  async release(): Promise<void> {
    for (const [stage, { deadLetters }] of Object.entries(this.#target.stages)) {
      const left = this.all.filter((letter) => letter.stage === stage).map(({ ackId }) => ackId);
      await this.#pubsub.hold(deadLetters, left, 0);
    }
  }

  #stage({ stage }: DeadLetter) {
    const found = this.#target.stages[stage];
    if (!found) throw new Error(`There is no stage "${stage}".`);
    return found;
  }
}
