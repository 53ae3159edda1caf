import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { marked } from "marked";
import { reviewOf } from "../changes/review.ts";
import { previewOf, type StepOf } from "../testing/preview-of.ts";
import { code, plain } from "./escape.ts";
import { toHtml } from "./html.ts";
import { MARKER, MOST_CHARACTERS, toMarkdown } from "./markdown.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember";
const SERVICE = "gcp:cloudrunv2/service:Service";
const LABELLED = "gcp:pubsub/topic:Topic";
const SUBJECT = { commit: "0123456789abcdef", base: "main", at: "2026-11-30T20:00:00.000Z" };

const reviewed = (steps: readonly StepOf[], stacks = ["prod"]) =>
  reviewOf(
    stacks.map((stack) => previewOf(steps, { stack })),
    { holdingOf: (type) => (type === BUCKET ? "data" : undefined) },
  );
const comment = (...args: Parameters<typeof reviewed>) => toMarkdown(reviewed(...args), SUBJECT);

/** One change of each sort, with a value in every place that the program decides. */
const stepsWith = (value: string): readonly StepOf[] => [
  { op: "delete", type: BUCKET, name: `a${value}`, before: { location: value } },
  {
    op: "create",
    type: GRANT,
    name: `b${value}`,
    after: { bucket: value, role: `r${value}`, member: `user:${value}` },
  },
  {
    op: "update",
    type: SERVICE,
    name: `c${value}`,
    before: { ingress: "INGRESS_TRAFFIC_ALL", template: { timeout: "1s" } },
    after: { ingress: "INGRESS_TRAFFIC_ALL", template: { timeout: `2${value}` } },
  },
  {
    op: "update",
    type: LABELLED,
    name: `d${value}`,
    before: { labels: { a: value } },
    after: { labels: { a: `${value}x` } },
  },
];

/** Names of tags, without what is in them. */
const skeleton = (markdown: string) =>
  [...(marked.parse(markdown) as string).matchAll(/<(\/?[a-z0-9]+)[^>]*>/g)].map(([, tag]) => tag).join(" ");

/** Text that a forge's own filters look at: what they make a mention or a link of outside of code. */
const prose = (markdown: string) =>
  (marked.parse(markdown) as string)
    .replace(/<(code|pre)[^>]*>[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]*>/g, "")
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)));

const NASTY = [
  "</details>",
  "<!-- ",
  "-->",
  "|",
  "\n",
  "\r\n",
  "\n\n",
  "`",
  "```",
  "~~~",
  "@octocat",
  "#1",
  "GH-1",
  "a/b#2",
  "[x](https://example.com)",
  "![x](y)",
  "https://github.com/a/b/issues/1",
  "www.example.com",
  "me@example.com",
  ":tada:",
  "<img src=x onerror=1>",
  "</pre>",
  "</code>",
  "**bold**",
  "_x_",
  "$x$",
  "&lt;",
  "&#64;",
  "\u202e",
  "\u0000",
  "\ud800",
  "\\",
  "- ",
  "# ",
  "> ",
  "1. ",
  "    ",
  "\t",
  "0123456789abcdef0123456789abcdef01234567",
  "<script>",
  "]]>",
  "<?",
  "~~x~~",
  "[^1]",
  "- [ ] x",
  "\u2028",
  "{{",
  "'",
  '"',
];
const nasty = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: "binary", maxLength: 6 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""))
  // In an empty one there is nothing to escape, and a sentence sets none as code.
  .filter((value) => value !== "");

test("no value breaks the layout, mentions a person, links an issue, closes a fold or ends a table", () => {
  const expected = skeleton(comment(stepsWith("value")));
  fc.assert(
    fc.property(nasty, (value) => {
      // A quotation mark within a name only moves where code begins.
      const markdown = comment(stepsWith(value.replaceAll('"', "'")));
      expect(skeleton(markdown)).toBe(expected);
      expect(prose(markdown)).not.toMatch(/[@#]\w|GH-\d|:\/\/\w|www\.\w|:\w+:|\b[0-9a-f]{7,40}\b/i);
    }),
    { numRuns: 60 },
  );
});

test("an escaped text reads as it stands", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NASTY.filter((each) => !/[\p{C}\u2028]/u.test(each))), (value) => {
      for (const escaped of [plain(value), code(value)]) {
        const seen = (marked.parseInline(`x ${escaped} x`) as string).replace(/<\/?code>/g, "");
        const read = seen.replace(/&(#(\d+)|amp|lt|gt|quot);/g, (entity, _, number) =>
          number
            ? String.fromCodePoint(Number(number))
            : ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' }[entity as string] ?? ""),
        );
        expect(read.replaceAll("\u2060", "")).toBe(`x ${value} x`);
      }
    }),
  );
});

test("the page runs nothing and fetches nothing, whatever a value says", () => {
  const tags = (page: string) => [...page.matchAll(/<(\/?[a-z0-9]+)/g)].map(([, tag]) => tag).join(" ");
  const expected = tags(toHtml(reviewed(stepsWith("value")), SUBJECT));
  expect(expected).not.toMatch(/script|img|link|iframe/);
  fc.assert(
    fc.property(nasty, (value) => {
      expect(tags(toHtml(reviewed(stepsWith(value.replaceAll('"', "'"))), SUBJECT))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

test("the summary and what must be read stand on top, and the comment is found again (actions#969, #1387)", () => {
  const markdown = comment(stepsWith("-value"));
  expect(markdown.startsWith(`${MARKER}\n## 2 changes to read before approving\n`)).toBe(true);
  const order = ["| Stack |", "### Must read", "Deletion", "Access", "### Workloads", "other change"];
  const places = order.map((part) => markdown.indexOf(part));
  expect(places).toEqual([...places].sort((left, right) => left - right));
  expect(places).not.toContain(-1);
  expect(markdown).toContain("**Stale** once the branch has a newer commit");
});

test.each([5_000, 20])(
  "of %d changed resources the most important are shown and the rest is counted, within 60,000 characters",
  (count) => {
    const steps = Array.from({ length: count }, (_, index): StepOf => {
      const name = `resource-${index}-${"x".repeat(100)}`;
      if (index === count - 1) return { op: "delete", type: BUCKET, name: "the-one", before: {} };
      if (index % 3 === 0)
        return {
          op: "create",
          type: GRANT,
          name,
          after: { bucket: name, role: "roles/viewer", member: "user:a@b.c" },
        };
      return {
        op: "update",
        type: LABELLED,
        name,
        before: { labels: { a: "1" } },
        after: { labels: { a: "2".repeat(5_000) } },
      };
    });
    const markdown = comment(steps, ["prod", "dev"]);
    expect(markdown.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(markdown.indexOf("the&#45;one") + markdown.indexOf("the-one")).toBeLessThan(4_000);
    expect(markdown).toContain("the-one");
    if (count === 5_000)
      expect(markdown).toMatch(/Left out for want of room: [\d,]+ to be read, [\d,]+ other changes/);
    else expect(markdown).not.toContain("Left out");
    expect(
      skeleton(markdown)
        .split(" ")
        .filter((tag) => tag === "details"),
    ).toHaveLength(
      skeleton(markdown)
        .split(" ")
        .filter((tag) => tag === "/details").length,
    );
  },
);

const LONG = `${"<&|`*".repeat(60)}`;

test("mistakes of many stacks leave room for what must be read", () => {
  const stacks = Array.from({ length: 40 }, (_, at) => `stack-${at}`);
  const diagnostics = Array.from({ length: 50 }, () => ({ message: LONG.repeat(9), severity: "error" }));
  const review = reviewOf(
    stacks.map((stack) =>
      previewOf([{ op: "delete", type: BUCKET, name: "one", before: {} }], { stack, diagnostics }),
    ),
    { holdingOf: () => "data" },
  );
  const markdown = toMarkdown(review, SUBJECT);
  expect(markdown.length).toBeLessThanOrEqual(MOST_CHARACTERS);
  expect(markdown).toMatch(/would be deleted/);
  expect(markdown).toMatch(/stack&#45;29 and 10 more\)|stack-29 and 10 more\)/);
  expect(markdown).toMatch(/Left out for want of room: \d+ stacks that do not preview/);
});

test("one change that drags many along leaves room for the others, and is told itself", () => {
  const many = Array.from(
    { length: 60 },
    (_, at): StepOf => ({
      op: "replace",
      type: BUCKET,
      name: `${LONG}${at}`,
      before: { location: LONG },
      after: { location: `${LONG}x` },
      replaceReasons: ["location"],
      state:
        at === 0
          ? {}
          : { propertyDependencies: { location: [`urn:pulumi:prod::platform::${BUCKET}::${LONG}0`] } },
    }),
  );
  const markdown = comment([...many, { op: "delete", type: BUCKET, name: "last", before: {} }]);
  expect(markdown.length).toBeLessThanOrEqual(MOST_CHARACTERS);
  expect(markdown).toMatch(/Replacement[\s\S]*and \d+ more/);
  expect(markdown).toContain("<code>last</code> would be deleted");
  expect(markdown).not.toContain("Left out");
});

test("the same change of several stacks is told once", () => {
  const markdown = comment(stepsWith("-value"), ["dev", "local", "prod"]);
  expect(markdown.split("Deletion")).toHaveLength(2);
  expect(markdown).toContain("(dev, local, prod)");
});

test("a long text does not become thousands of lines (pulumi#11585)", () => {
  const json = (value: number) =>
    JSON.stringify({ tiles: Array.from({ length: 3_000 }, (_, index) => ({ index, value })) }, null, 2);
  const markdown = comment([
    {
      op: "update",
      type: "gcp:monitoring/dashboard:Dashboard",
      name: "all",
      before: { dashboardJson: json(1) },
      after: { dashboardJson: json(2) },
    },
  ]);
  expect(markdown.split("\n").length).toBeLessThan(40);
  expect(markdown.length).toBeLessThan(3_000);
});

test("no secret of before or after is in what is written (pulumi#9330)", () => {
  const secrets = [
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    "hunter2",
    "4f1d8a0c9be273564f1d8a0c9be27356",
  ];
  const steps = secrets.map(
    (secret, index): StepOf => ({
      op: "update",
      type: LABELLED,
      name: `it-${index}`,
      before: { labels: { password: secret, other: secret.length > 10 ? secret : "" } },
      after: { labels: { password: `${secret}x`, other: secret.length > 10 ? `${secret}0` : "" } },
    }),
  );
  const review = reviewed(steps);
  for (const text of [toMarkdown(review, SUBJECT), toHtml(review, SUBJECT), JSON.stringify(review)]) {
    for (const secret of ["MIIEvQIBADANBg", "hunter2", "4f1d8a0c9be27356"])
      expect(text).not.toContain(secret);
  }
});
