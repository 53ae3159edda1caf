import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { EDGE_ADDRESS, EdgeAndVictim } from "./edge-and-victim.ts";

let squatter: Server;

afterEach(() => new Promise<void>((closed) => squatter.close(() => closed())));

test("an edge and its victim find a number that is free at all their addresses", async () => {
  const edge = createServer();
  let tries = 0;
  // Somebody else has the first number that the edge finds, at the victim's address.
  edge.listen = new Proxy(edge.listen, {
    apply(listen, self, args) {
      tries++;
      if (tries > 1) return Reflect.apply(listen, self, args);
      const { port } = squatter.address() as { port: number };
      return Reflect.apply(listen, self, [port, EDGE_ADDRESS]);
    },
  });
  squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => squatter.once("listening", listening));

  const network = await new EdgeAndVictim().start(edge);

  expect(tries).toBe(2);
  await network.stop();
});
