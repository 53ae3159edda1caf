import { paint, table } from "../../../operator/terminal/output.ts";
import type { Review } from "../../../review/changes/review.ts";
import { oneLine } from "../../../review/comment/escape.ts";
import { groupedReview, treeLines } from "../../../review/comment/grouping.ts";
import {
  codeChange,
  counted,
  dollars,
  KIND_WORDS,
  settingChange,
  VERDICT_WORDS,
} from "../../../review/comment/words.ts";

/** What a person reads in a terminal, the most important last, where the eye is. */
export function tellReview(review: Review): void {
  const { mustRead, workloads, policies, others } = groupedReview(review);
  const lines: string[] = [];
  if (others.length > 0) lines.push(`${counted(others.length, "other change")}:`);
  for (const { item, stacks } of others) {
    lines.push(`  ${item.outcome} ${item.noun} ${item.name} (${stacks.join(", ")})`);
    for (const { path, before, after } of item.properties) lines.push(`      ${path}: ${before} → ${after}`);
    if (item.left > 0) lines.push(`      … and ${item.left} more`);
  }
  for (const { stack, unjudged } of review.stacks) {
    if (unjudged !== undefined) lines.push(`policies not judged (${stack}): ${unjudged}`);
  }
  for (const { item, stacks } of policies.filter((each) => each.item.isNew)) {
    lines.push(`policy ${item.id} (${item.severity}; ${stacks.join(", ")}): ${item.sentence} ${item.wayOut}`);
  }
  for (const { item, stacks } of workloads) {
    const told = [codeChange(item) && `code ${codeChange(item)}`, ...item.settings.map(settingChange)].filter(
      Boolean,
    );
    lines.push(`workload ${item.name} (${stacks.join(", ")}): ${told.join(", ") || item.outcome}`);
  }
  mustRead.forEach(({ item, stacks }, index) => {
    const [sign, word] = KIND_WORDS[item.kind];
    lines.push("", `${index + 1}. ${sign} ${word} (${stacks.join(", ")}): ${item.sentence}`);
    for (const each of item.more) lines.push(`   ${KIND_WORDS[each.kind][1]}: ${each.sentence}`);
    if (item.tree) lines.push(...treeLines(item.tree).map((line) => `   ${line}`));
  });
  for (const { stack, errors } of review.stacks) {
    for (const error of errors) lines.push(`${paint("red", "error", process.stdout)} (${stack}): ${error}`);
  }
  const rows = review.stacks.map(({ stack, counts, cost, verdict }) => [
    stack,
    ...[counts.create, counts.update, counts.replace, counts.delete].map(String),
    dollars(cost),
    VERDICT_WORDS[verdict][1],
  ]);
  const summary = table([["STACK", "CREATE", "UPDATE", "REPLACE", "DELETE", "A MONTH", "VERDICT"], ...rows]);
  process.stdout.write(`${[...lines.map(oneLine), "", summary].join("\n")}\n`);
}
