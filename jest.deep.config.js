import fast from "./jest.config.js";

/** The tests that take minutes: bad days, long queues, many domains. One file at a time, for they load the machine. */
/** @type {import("jest").Config} */
export default {
  ...fast,
  testMatch: fast.testMatch.map((pattern) => pattern.replace("*.test.ts", "*.deep.test.ts")),
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 600_000,
  maxWorkers: 1,
};
