import { binding, type Native, replace } from "./bindings.ts";
import { judge, LOOPBACK, OUTSIDE, refuse } from "./destinations.ts";
import type { EgressRefused } from "./egress-refused.ts";

/** `EACCES` as libuv returns it, on Linux and macOS. */
const DENIED = -13;

interface Owner {
  destroy(error: Error): void;
}

/** TCP and pipes: what `net`, `tls`, `http`, `http2` and `fetch` connect by. */
export function guardStreams(): void {
  const { prototype: tcp } = binding("tcp_wrap").TCP;
  for (const name of ["connect", "connect6"]) {
    replace(
      tcp,
      name,
      (connect): Native =>
        function (request, address, port) {
          const refused = judge(String(address), Number(port));
          return refused ? fail(this, refused) : connect.call(this, request, address, port);
        },
    );
  }
  const { prototype: pipe } = binding("pipe_wrap").Pipe;
  for (const name of ["connect", "connect2"]) {
    replace(
      pipe,
      name,
      (): Native =>
        function (_, path) {
          return fail(this, refuse(`the socket ${String(path)}`, OUTSIDE));
        },
    );
  }
}

/** UDP: datagrams, connected or not, and groups, which the kernel asks the network's routers to join. */
export function guardDatagrams(): void {
  const { prototype: udp } = binding("udp_wrap").UDP;
  for (const name of ["send", "send6"]) {
    replace(
      udp,
      name,
      (send): Native =>
        function (...args) {
          const [request, , , port, address] = args;
          // Without an address the socket is connected, and was judged then.
          const refused = typeof port === "number" ? judge(String(address), port) : undefined;
          if (!refused) return send.call(this, ...args);
          const { callback } = request as { callback?: (error: Error) => void };
          if (callback) setImmediate(callback, refused);
          return callback ? 0 : DENIED;
        },
    );
  }
  for (const name of ["connect", "connect6"]) {
    replace(
      udp,
      name,
      (connect): Native =>
        function (address, port) {
          return judge(String(address), Number(port)) ? DENIED : connect.call(this, address, port);
        },
    );
  }
  // A socket that is bound to this machine alone cannot send elsewhere, whatever else happens.
  replace(
    udp,
    "bind",
    (bind): Native =>
      function (_, port, flags) {
        return bind.call(this, LOOPBACK, port, flags);
      },
  );
  replace(
    udp,
    "bind6",
    (bind): Native =>
      function (_, port, flags) {
        return bind.call(this, "::1", port, flags);
      },
  );
  for (const name of ["addMembership", "addSourceSpecificMembership"]) {
    replace(udp, name, () => (...args) => {
      refuse(`the group ${String(args.at(name === "addMembership" ? 0 : 1))}`, OUTSIDE);
      return DENIED;
    });
  }
}

/** Later, as a real failure would come, so that listeners are there. */
function fail(handle: object, error: EgressRefused): number {
  const symbol = Object.getOwnPropertySymbols(handle).find(
    ({ description }) => description === "owner_symbol",
  );
  const owner = symbol && (handle as Record<symbol, Owner | undefined>)[symbol];
  if (!owner) return DENIED;
  setImmediate(() => owner.destroy(error));
  return 0;
}
