import { CheckRefusal } from "./check-refusal.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import type { Origin } from "./origin.ts";

/** What is wrong with a resource as the program wants it: mended in the program, not by trying again. */
export interface Mistake {
  readonly urn: string;
  readonly message: string;
  readonly origin: Origin;
}

export interface Subject {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
}

/** The mistakes that an error tells of, one a property; none if it is no mistake of the program's. */
export function mistakesOf(subject: Subject, origin: Origin, error: Error): readonly Mistake[] {
  const reasons =
    error instanceof CheckRefusal
      ? error.reasons
      : error instanceof EngineRefusal && !error.general
        ? [error.message]
        : [];
  return reasons.map((reason) => ({ urn: subject.urn, message: aboutResource(subject, reason), origin }));
}

/** A sentence about a resource begins with its name, once. */
export function aboutResource({ name, type }: Omit<Subject, "urn">, sentence: string): string {
  const subject = `Resource "${name}" (${type})`;
  return sentence.startsWith(subject) ? sentence : `${subject}: ${sentence}`;
}

/** In the order in which the program makes the resources; the mistakes of one stay together. */
export function inProgramOrder(mistakes: Iterable<Mistake>): readonly Mistake[] {
  return [...mistakes].sort((left, right) => left.origin.order - right.origin.order);
}
