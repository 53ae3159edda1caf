/** Imports point one way: stacks → components → (types only) runtime; local knows the protocol, not the program. */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "runtime-stands-alone",
      comment: "What is deployed knows neither Pulumi nor who deploys it.",
      severity: "error",
      from: { path: "^runtime/" },
      to: { path: "^(stacks|components|local|review|test|bench)/|node_modules/@pulumi/" },
    },
    {
      name: "components-take-runtime-as-types",
      severity: "error",
      from: { path: "^components/", pathNot: "\\.test\\.ts$" },
      to: { path: "^runtime/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "components-below-stacks",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(stacks|local|review|test|bench)/" },
    },
    {
      name: "generic-components-know-no-platform",
      severity: "error",
      from: { path: "^components/(foundation|serverless|messaging|bundling)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^components/[a-z-]+-platform/" },
    },
    {
      name: "bundling-knows-nothing-of-pulumi",
      severity: "error",
      from: { path: "^components/bundling/" },
      to: { path: "^components/(?!bundling/)|node_modules/@pulumi/" },
    },
    {
      name: "stacks-know-nothing-of-local",
      severity: "error",
      from: { path: "^stacks/" },
      to: { path: "^(local|review|test|bench|runtime)/" },
    },
    {
      name: "local-knows-the-protocol-not-the-program",
      severity: "error",
      from: { path: "^local/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(stacks|components|runtime|review|test|bench)/" },
    },
    {
      name: "engine-and-cloud-meet-over-grpc",
      severity: "error",
      from: { path: "^local/engine/", pathNot: "\\.test\\.ts$" },
      to: { path: "^local/(cloud|providers|command-line)/" },
    },
    {
      name: "cloud-and-providers-below-their-host",
      severity: "error",
      from: { path: "^local/(cloud|providers)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^local/(daemon|command-line|engine)/" },
    },
    {
      name: "cloud-below-providers",
      comment: "Providers act on the cloud; it never asks who wrote its resources.",
      severity: "error",
      from: { path: "^local/cloud/", pathNot: "\\.test\\.ts$" },
      to: { path: "^local/providers/" },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "declared-packages-only",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "types"],
    },
  },
};
