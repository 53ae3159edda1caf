/**
 * What became of a message. `dropped` means that it will never work, so it is acknowledged and
 * its reason recorded; `retry` leaves it to Pub/Sub to deliver again, later, and in the end to
 * the dead-letter topic.
 */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "dropped"; readonly reason: string }
  | { readonly kind: "retry"; readonly reason: string };
