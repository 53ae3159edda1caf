/** An event as far as it is shown. */
export interface SentryEvent {
  readonly event_id: string;
  readonly message?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * The events of an envelope: a line of JSON for the whole, then for each item one that says what it is and
 * one that is it. Items of other types are left out; `undefined` stands for what is no envelope.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/envelopes/
 */
export function eventsOf(envelope: string): readonly SentryEvent[] | undefined {
  const [head = "", ...lines] = envelope.split("\n");
  try {
    JSON.parse(head);
    return lines.flatMap((line, index) => {
      if (index % 2 === 1 || line === "") return [];
      const { type } = JSON.parse(line) as { readonly type?: string };
      return type === "event" ? [JSON.parse(lines[index + 1] ?? "") as SentryEvent] : [];
    });
  } catch {
    return undefined;
  }
}
