import type { PlatformConfig } from "./config.ts";

/** @see https://letsencrypt.org/docs/staging-environment/ */
const TEST_DIRECTORIES = ["https://acme-staging-v02.api.letsencrypt.org/directory"];

/** Whether every CA is one for tests, whose roots nothing trusts. */
export function hasOnlyTestAuthorities({
  certificateAuthorities,
}: Pick<PlatformConfig, "certificateAuthorities">): boolean {
  return certificateAuthorities.every(({ directoryUrl }) => TEST_DIRECTORIES.includes(directoryUrl));
}
