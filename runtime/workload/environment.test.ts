import { expect, test } from "@jest/globals";
import * as z from "zod";
import { InvalidEnvironment, parseEnvironment } from "./environment.ts";

const schema = z.object({
  BUCKET: z.string().min(1),
  PORT: z.coerce.number().int().min(1),
  ENDPOINT: z.url(),
  API_TOKEN: z.string().min(20, "must be 20 characters or more"),
  CERTIFICATE: z.string().max(5),
  OPERATORS: z.string().transform((list) => list.split(",")),
});

test("reads what the schema names, and nothing else", () => {
  const env = {
    BUCKET: "b",
    PORT: "8080",
    ENDPOINT: "https://example.com",
    API_TOKEN: "x".repeat(20),
    CERTIFICATE: "pem",
    OPERATORS: "a,b",
    HOME: "/",
  };
  expect(parseEnvironment(schema, env)).toEqual({
    BUCKET: "b",
    PORT: 8080,
    ENDPOINT: "https://example.com",
    API_TOKEN: "x".repeat(20),
    CERTIFICATE: "pem",
    OPERATORS: ["a", "b"],
  });
});

test("lists every mistake in one error: variable, rule and value, but no secret", () => {
  const env = {
    BUCKET: "",
    PORT: "many",
    ENDPOINT: "example.com",
    API_TOKEN: "hunter2",
    CERTIFICATE: "-----BEGIN PRIVATE KEY-----",
  };
  let thrown: unknown;
  try {
    parseEnvironment(schema, env);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidEnvironment);
  const { message } = thrown as InvalidEnvironment;
  expect(message.split("\n")).toEqual([
    "The environment has 6 mistakes:",
    expect.stringMatching(/^ {2}BUCKET: .*1 char.*; got ""\.$/),
    expect.stringMatching(/^ {2}PORT: .*number.*; got "many"\.$/),
    expect.stringMatching(/^ {2}ENDPOINT: .*URL; got "example\.com"\.$/),
    "  API_TOKEN: must be 20 characters or more; got [secret].",
    expect.stringMatching(/^ {2}CERTIFICATE: .*; got \[secret\]\.$/),
    "  OPERATORS must be set.",
  ]);
});
