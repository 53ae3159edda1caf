/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  // Pulumi warns at the default and crashes with "on".
  testEnvironmentOptions: { globalsCleanup: "off" },
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" } },
    ],
  },
  testMatch: ["<rootDir>/{stacks,components,runtime,operator,local,review,test}/**/*.test.ts"],
  // Revisions of this repository that a review has checked out there.
  modulePathIgnorePatterns: ["<rootDir>/\\.local/"],
  // What takes minutes: npm run test:deep.
  testPathIgnorePatterns: ["/node_modules/", "\\.deep\\.test\\.ts$"],
  // A hung test ends; a slow machine is no failure.
  testTimeout: 240_000,
  maxWorkers: 2,
  reporters: ["default", "<rootDir>/test/closing-line-reporter.ts"],
};
