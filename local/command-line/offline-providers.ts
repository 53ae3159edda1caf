import { FASTLY_KINDS } from "../providers/fastly/kinds.ts";
import { GCP_KINDS } from "../providers/gcp/kinds.ts";
import type { Kind } from "../providers/kind.ts";
import { PlanNotes } from "../providers/plan-notes.ts";
import { Provider } from "../providers/provider.ts";
import { serve } from "../providers/serve.ts";

/** By package. */
export const KINDS: Readonly<Record<string, readonly Kind[]>> = { gcp: GCP_KINDS, fastly: FASTLY_KINDS };

export interface OfflineProviders extends AsyncDisposable {
  /** Packages to ports on 127.0.0.1. */
  readonly ports: Readonly<Record<string, number>>;
  /** What each learnt of the program that was previewed. */
  readonly notes: readonly PlanNotes[];
}

/**
 * The local cloud's own providers with no cloud behind them: they compare and preview, note mistakes instead of
 * refusing them, and change nothing.
 *
 * @param local Whether the local cloud is to make what is planned: its projects are known, and its limits count.
 */
export async function serveOffline(local: boolean): Promise<OfflineProviders> {
  const served = await Promise.all(
    Object.entries(KINDS).map(async ([name, kinds]) => {
      const notes = new PlanNotes();
      return { name, notes, ...(await serve(new Provider(name, kinds, undefined, local), 0, notes)) };
    }),
  );
  return {
    ports: Object.fromEntries(served.map(({ name, port }) => [name, port])),
    notes: served.map(({ notes }) => notes),
    async [Symbol.asyncDispose]() {
      await Promise.all(served.map(({ stop }) => stop()));
    },
  };
}
