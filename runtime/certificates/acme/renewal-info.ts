import * as z from "zod";
import { parseRetryAfter } from "./acme-problem.ts";
import type { AcmeReply } from "./acme-transport.ts";
import { CaUnavailable, type RenewalInfo } from "./certificate-authority.ts";

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const renewalInfoSchema = z
  .object({
    suggestedWindow: z.object({ start: time, end: time }),
    explanationURL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .catch(undefined),
  })
  .refine(({ suggestedWindow: { start, end } }) => start < end, "the window ends before it starts");

/** @throws {CaUnavailable} for a window that is none: RFC 9773 has it taken for no answer */
export function toRenewalInfo({ data, headers }: AcmeReply, certificateId: string): RenewalInfo {
  const parsed = renewalInfoSchema.safeParse(data);
  if (!parsed.success) {
    throw new CaUnavailable(
      `The CA's renewal window of ${certificateId} is not as RFC 9773 says: ${z.prettifyError(parsed.error)}`,
      { mayHaveTakenEffect: false },
    );
  }
  const { suggestedWindow, explanationURL } = parsed.data;
  const retryAfter = parseRetryAfter(headers["retry-after"]);
  return {
    ...suggestedWindow,
    ...(explanationURL !== undefined && { explanationUrl: explanationURL }),
    ...(retryAfter && { retryAfter }),
  };
}
