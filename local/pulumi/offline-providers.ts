import type { Holding } from "../../review/losses.ts";
import { PlanNotes } from "../provider/plan-notes.ts";
import { Provider } from "../provider/provider.ts";
import { serve } from "../provider/serve.ts";
import { FASTLY } from "../services/fastly/package.ts";
import { GCP } from "../services/google/package.ts";

export const PACKAGES = [GCP, FASTLY];

/** What a resource of a type holds. */
export function holdingOf(type: string): Holding | undefined {
  for (const { kinds } of PACKAGES) {
    const kind = kinds.find(({ token }) => token === type);
    if (kind) return kind.holds;
  }
  return undefined;
}

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
export function serveOffline(local: boolean): Promise<OfflineProviders> {
  return serveAll((each) => Provider.offline(each, local));
}

/** Like those, but a first update goes well with them: the state that it leaves is one of things that are nowhere. */
export function serveImagining(local: boolean): Promise<OfflineProviders> {
  return serveAll((each) => Provider.imagining(each, local));
}

async function serveAll(
  providerOf: (each: (typeof PACKAGES)[number]) => Provider,
): Promise<OfflineProviders> {
  const served = await Promise.all(
    PACKAGES.map(async (each) => {
      const notes = new PlanNotes();
      return { name: each.name, notes, ...(await serve(providerOf(each), 0, notes)) };
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
