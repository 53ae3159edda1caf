/**
 * Loaded before an instance's own code, in its process: what a container is to Cloud Run.
 * The instance ends with its host, also when that was killed, because the host's end of the
 * channel closes; and its ports are open to this machine alone, whatever address it listens on.
 *
 * CommonJS without imports: loading it as a module would cost each start 80 ms and 11 MB.
 */
{
  const LOOPBACK = "127.0.0.1";
  const { Server } = process.getBuiltinModule("node:net");
  type Listen = (this: unknown, ...args: readonly unknown[]) => unknown;
  const listen = Server.prototype.listen as Listen;

  const listenOnLoopback: Listen = function (...args) {
    const [first, second, ...rest] = args;
    if (typeof first === "object" && first !== null && "port" in first) {
      return listen.call(this, { ...first, host: LOOPBACK }, second, ...rest);
    }
    if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first))) {
      const others = typeof second === "string" ? rest : [second, ...rest];
      return listen.call(this, Number(first), LOOPBACK, ...others);
    }
    return listen.call(this, ...args);
  };
  Object.assign(Server.prototype, { listen: listenOnLoopback });

  process.once("disconnect", () => process.exit(1));
  process.channel?.unref();
}
