/** The trace id in a message's `traceparent`, as a log entry's field. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceOf(attributes: Readonly<Record<string, string>>): { trace?: string } {
  const trace = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(attributes.traceparent ?? "")?.[1];
  return trace ? { trace } : {};
}
