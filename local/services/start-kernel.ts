import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { claimPorts } from "../kernel/claim-ports.ts";
import { openCloudDatabase } from "../kernel/cloud-database.ts";
import type { Kernel } from "../kernel/contract.ts";
import { Identities } from "../kernel/identities.ts";
import { MetadataServer } from "../kernel/metadata-server.ts";
import { Network } from "../kernel/network.ts";
import { ResourceStore } from "../kernel/resource-store.ts";
import { TlsAuthority } from "../kernel/tls-authority.ts";
import { Tokens } from "../kernel/tokens.ts";
import { Iam } from "./iam/iam.ts";
import { Logging } from "./logging/logging.ts";

export interface KernelOptions {
  readonly stateDir: string;
  readonly portBase: number | "any";
}

/** A kernel with what only the one who assembles a cloud may touch. */
export interface OwnedKernel extends Kernel {
  readonly iam: Iam;
  readonly identities: Identities;
  readonly logging: Logging;
  /** Listens on the control port since before anything else did; it has no handler yet. */
  readonly control: Server;
  stop(): Promise<void>;
}

/**
 * Opens the state and the doors, and nothing that acts by itself.
 *
 * @throws {StateHeld} when another process has the state open.
 * @throws {PortTaken} when a port is not free.
 */
export async function startKernel({ stateDir, portBase }: KernelOptions): Promise<OwnedKernel> {
  const folder = join(stateDir, "cloud");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = openCloudDatabase(stateDir);
  try {
    const { ports, control } = await claimPorts(portBase);
    const resources = new ResourceStore(db);
    const logging = new Logging(join(folder, "logs"), resources);
    const tokens = await Tokens.open(db);
    const authority = await TlsAuthority.open(db, folder);
    const identities = new Identities(tokens, logging);
    identities.serveHttp(new MetadataServer(tokens));
    await identities.listen(ports.googleapis, authority);
    return {
      stateDir,
      db,
      ports,
      resources,
      iam: new Iam(resources),
      tokens,
      identities,
      authority,
      network: new Network(),
      logging,
      control,
      async stop() {
        await identities.close();
        control.closeAllConnections();
        await new Promise((resolve) => control.close(resolve));
        await logging.close();
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
