import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { forward } from "../local/services/cloud-run/forward.ts";
import { createServer, shutDown } from "../runtime/workload/server.ts";
import { ALICE, bearer, TestApi } from "../runtime/workloads/domain-api/testing/api.ts";

/** What an instance takes at once. */
const PLACES = 80;

test("who sends no bodies gets an instance's places back to it, though it holds on to its connections", async () => {
  const api = new TestApi();
  const server = createServer(api.app);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const freed: number[] = [];

  /** As the front end does: the place is free once the reply has ended. */
  const call = async () => {
    const reply = await forward(port, {
      method: "POST",
      url: "/v1/domains",
      protocol: "HTTP/1.1",
      peer: undefined,
      headers: [
        "host",
        "api",
        "authorization",
        bearer(ALICE),
        "content-type",
        "application/json",
        "content-length",
        "29",
      ],
      body: new PassThrough(),
      signal: new AbortController().signal,
    });
    if (typeof reply.body === "string") throw new Error(reply.body);
    await once(reply.body.resume(), "close");
    freed.push(reply.status);
  };
  const calls = Promise.all(Array.from({ length: PLACES }, call));
  while (freed.length < PLACES - 60) await setImmediate();
  expect(new Set(freed)).toEqual(new Set([429]));
  for (const expire of [...api.deadlines]) expire();
  await calls;
  expect(freed.filter((status) => status === 408)).toHaveLength(60);
  await shutDown(server, 0);
});
