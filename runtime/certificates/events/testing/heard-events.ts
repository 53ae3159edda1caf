import { type DomainEvent, type DomainEvents, domainEventSchema } from "../domain-events.ts";

/** Keeps what a subscriber would hear, and fails as often as it is asked to. */
export class HeardEvents implements DomainEvents {
  readonly events: DomainEvent[] = [];
  failures = 0;

  async publish(event: DomainEvent): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("Pub/Sub is away.");
    }
    this.events.push(domainEventSchema.parse(event));
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }
}
