/** Prints what is wrong with the examples in the installed SDKs' documentation, by kind, and how many there are. */
import { FASTLY_KINDS } from "../fastly/kinds.ts";
import { GCP_KINDS } from "../google/package.ts";
import { examplesOf, judgeExample, MENDS } from "./documented-examples.ts";

const wrong: Record<string, readonly string[]> = {};
const sources: string[] = [];
for (const { token } of [...GCP_KINDS, ...FASTLY_KINDS]) {
  for (const { name, source } of examplesOf(token)) {
    sources.push(source);
    const mistakes = await judgeExample(source);
    if (mistakes.length > 0) wrong[name] = mistakes;
  }
}
const useless = MENDS.filter(({ wrong }) => !sources.some((source) => source.search(wrong) >= 0));
process.stdout.write(
  JSON.stringify({ wrong, tried: sources.length, useless: useless.map(({ why }) => why) }),
);
