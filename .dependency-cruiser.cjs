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
      name: "workload-room-knows-no-other",
      comment: "What every workload shares.",
      severity: "error",
      from: { path: "^runtime/workload/" },
      to: { path: "^runtime/(?!workload/)" },
    },
    {
      name: "adapters-to-google-know-no-platform",
      severity: "error",
      from: { path: "^runtime/google/" },
      to: { path: "^runtime/(?!google/|workload/)" },
    },
    {
      name: "platform-words-know-no-workload",
      severity: "error",
      from: { path: "^runtime/", pathNot: "^runtime/workloads/" },
      to: { path: "^runtime/workloads/" },
    },
    {
      name: "workloads-know-nothing-of-each-other",
      severity: "error",
      from: { path: "^runtime/workloads/([^/]+)/" },
      to: { path: "^runtime/workloads/", pathNot: "^runtime/workloads/$1/" },
    },
    {
      name: "testing-is-for-tests",
      severity: "error",
      from: { pathNot: "\\.test\\.ts$|/testing/|^(test|bench)/" },
      to: { path: "/testing/" },
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
      to: { path: "^(stacks|operator|local|review|test|bench)/" },
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
      to: { path: "^(operator|local|review|test|bench|runtime)/" },
    },
    {
      name: "operator-stands-alone",
      comment: "The platform's own command line speaks to its API, whatever stack it is of.",
      severity: "error",
      from: { path: "^operator/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(stacks|components|local|review|test|bench)/|node_modules/@pulumi/" },
    },
    {
      name: "operator-takes-runtime-as-types",
      comment:
        "But for what must not exist twice: how a backup is sealed, what the limits are, when a certificate is renewed, what a name is.",
      severity: "error",
      from: { path: "^operator/", pathNot: "\\.test\\.ts$" },
      to: {
        path: "^runtime/",
        pathNot:
          "^runtime/(google/|workload/|certificates/(backup/|budgets/limits|renewal/lifetime|certificate-facts|domain-name))",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "local-knows-the-protocol-not-the-program",
      severity: "error",
      from: { path: "^local/", pathNot: "\\.test\\.ts$" },
      to: { path: "^(stacks|components|runtime|test|bench)/" },
    },
    {
      name: "services-and-providers-below-their-host",
      severity: "error",
      from: { path: "^local/(kernel|services|provider)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^local/(daemon|command-line|pulumi)/" },
    },
    {
      name: "kernel-below-services",
      comment: "What all services stand on knows none of them, nor who writes resources.",
      severity: "error",
      from: { path: "^local/kernel/", pathNot: "\\.test\\.ts$" },
      to: { path: "^local/(services|provider)/" },
    },
    {
      name: "provider-knows-no-service",
      comment: "What is of Google or Fastly stands in their packages; the provider serves any.",
      severity: "error",
      from: { path: "^local/provider/", pathNot: "\\.test\\.ts$|/fixtures/" },
      to: { path: "^local/services/|node_modules/@pulumi/(gcp|fastly)/" },
    },
    {
      name: "rules-know-no-cloud",
      comment:
        "What Google and Fastly refuse is judged without a cloud, an engine or a provider. The tests of a URL map are run, so that one looks into the map.",
      severity: "error",
      from: {
        path: "^review/|^local/services/.+[/-](rules|syntax)\\.ts$",
        pathNot: "\\.test\\.ts$|^review/policies/pack/",
      },
      to: {
        path: "^(local|stacks|components|runtime)/|node_modules/@pulumi/",
        pathNot:
          "[/-](rules|syntax)\\.ts$|/google/names\\.ts$|/load-balancing/url-map\\.ts$|/kernel/property-values\\.ts$",
      },
    },
    {
      name: "policy-sdk-only-in-the-pack",
      comment: "The policies are judged without Pulumi too.",
      severity: "error",
      from: { pathNot: "^review/policies/pack/" },
      to: { path: "node_modules/@pulumi/policy/" },
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
    // The policy pack has a package.json for its version alone.
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "types"],
    },
  },
};
