import fs from "node:fs";
import { afterEach, expect, jest, test } from "@jest/globals";
import { workload } from "./workload.ts";

const page = () => ({ fetch: () => new Response("page") });

afterEach(() => {
  delete process.env.FUNCTION_TARGET;
  jest.restoreAllMocks();
});

test("is not built by an import", () => {
  const build = jest.fn(page);
  workload(build);
  expect(build).not.toHaveBeenCalled();
});

test("is built as Cloud Functions loads it, so that what cannot start fails the deployment", () => {
  process.env.FUNCTION_TARGET = "handler";
  const build = jest.fn(page);
  workload(build);
  expect(build).toHaveBeenCalledTimes(1);

  const written: string[] = [];
  jest.spyOn(fs, "writeSync").mockImplementation((_fd: number, text: unknown) => {
    written.push(String(text));
    return Buffer.byteLength(String(text));
  });
  const exit = jest.spyOn(process, "exit").mockReturnValue(undefined as never);
  workload(() => {
    throw new Error("The environment has 1 mistake.");
  });
  expect(exit).toHaveBeenCalledWith(1);
  expect(written.join("")).toContain("The environment has 1 mistake.");
});
