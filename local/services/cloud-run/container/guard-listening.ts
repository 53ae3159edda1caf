import type { Server as NetServer } from "node:net";
import { addOwnPort, isOwnPort, LOOPBACK } from "./destinations.ts";
import { tellHost } from "./host-link.ts";

const { errorMonitor } = process.getBuiltinModule("node:events");
const { Server } = process.getBuiltinModule("node:net");

type Listen = (this: NetServer, ...args: readonly unknown[]) => NetServer;

/** Keeps the instance's ports open to this machine alone, whatever address it listens on, and tells the host of them. */
export function guardListening(): void {
  const port = Number(process.env.PORT);
  const listen = Server.prototype.listen as Listen;
  const listenOnLoopback: Listen = function (...args) {
    this.once("listening", () => {
      const address = this.address();
      if (typeof address !== "object" || address === null) return;
      addOwnPort(address.port);
      if (address.port === port) tellHost({ kind: "listening", port });
    });
    // Monitored, not handled: an error that the workload does not handle ends it, as ever.
    (this as NodeJS.EventEmitter).once(
      errorMonitor,
      (error: NodeJS.ErrnoException & { readonly port?: number }) => {
        if (error.code === "EADDRINUSE" && error.port === port && !isOwnPort(port)) {
          tellHost({ kind: "portTaken", port });
        }
      },
    );
    return listen.call(this, ...onLoopback(args));
  };
  Object.assign(Server.prototype, { listen: listenOnLoopback });
}

function onLoopback(args: readonly unknown[]): readonly unknown[] {
  const [first, second, ...rest] = args;
  if (typeof first === "object" && first !== null && "port" in first) {
    return [{ ...first, host: LOOPBACK }, second, ...rest];
  }
  if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first))) {
    return [Number(first), LOOPBACK, ...(typeof second === "string" ? rest : [second, ...rest])];
  }
  // Without a port: any.
  if (first === undefined || first === null) return [0, LOOPBACK, second, ...rest];
  if (typeof first === "function") return [0, LOOPBACK, first];
  return args;
}
