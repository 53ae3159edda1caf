import { Provider } from "../provider/provider.ts";
import { serve } from "../provider/serve.ts";
import { FASTLY } from "../services/fastly/package.ts";
import { GCP } from "../services/google/package.ts";

export interface OfflineProviders extends AsyncDisposable {
  /** Packages to ports on 127.0.0.1. */
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * The local cloud's own providers with no cloud behind them: they check, compare and preview, and change nothing.
 *
 * @param localProjects Whether the local cloud would have the projects, so that their numbers are known.
 */
export async function serveOffline(localProjects: boolean): Promise<OfflineProviders> {
  const gcp = await serve(Provider.offline(GCP, localProjects), 0);
  const fastly = await serve(Provider.offline(FASTLY, localProjects), 0);
  return {
    ports: { gcp: gcp.port, fastly: fastly.port },
    async [Symbol.asyncDispose]() {
      await Promise.all([gcp.stop(), fastly.stop()]);
    },
  };
}
