import { CATALOGUE, type ProblemFacts } from "../../certificates/alerts/catalogue.ts";
import type { Notice } from "./channel.ts";

/** Names that a summary shows; how to list all of them it says too. */
const MOST_NAMES = 30;

/** Where whoever reads a notice finds more. */
export interface Signposts {
  /** Shown with each notice: which platform it is that speaks. */
  readonly platformName: string;
  /** URL of the folder of runbooks. */
  readonly runbooksUrl: string;
  /** The bucket whose objects are the problems. */
  readonly bucket: string;
}

/** A notice in words, for any channel. */
export interface Wording {
  /** "Resolved: " in front of what is over. */
  readonly title: string;
  /** The subject, or how many. */
  readonly subject: string;
  /** Sentences: what is wrong, or was. */
  readonly what: string;
  /** RFC 3339: since when, or from when to when. */
  readonly since: string;
  readonly severity: ProblemFacts["severity"];
  readonly byItself: string;
  readonly byPerson: string;
  readonly runbookUrl: string;
}

export function wordingOf(notice: Notice, { runbooksUrl, bucket }: Signposts): Wording {
  const { problem, subjects, told } = notice;
  const { title, severity, byItself, byPerson } = CATALOGUE[problem];
  const [first] = subjects;
  const isOne = subjects.length === 1;
  const until = first?.clearedAt;
  return {
    title: told === "over" ? `Resolved: ${title}` : title,
    subject: isOne ? (first?.subject ?? "") : `${subjects.length} domains`,
    what: isOne ? (first?.what ?? "") : summaryOf(notice, bucket),
    since: `${isOne ? "" : "first "}${first?.since}${told === "over" && isOne ? ` to ${until}` : ""}`,
    severity,
    byItself,
    byPerson,
    runbookUrl: `${runbooksUrl.replace(/\/$/, "")}/${problem}.md`,
  };
}

function summaryOf({ problem, subjects, told }: Notice, bucket: string): string {
  const names = subjects.slice(0, MOST_NAMES).map(({ subject }) => subject);
  const more = subjects.length - names.length;
  // What is over has no object any more.
  const howToList =
    told === "opened" ? ` List all: gcloud storage ls "gs://${bucket}/alerts/*/${problem}.json"` : "";
  return `${names.join(", ")}${more > 0 ? ` and ${more} more.${howToList}` : ""}`;
}
