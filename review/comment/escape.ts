/** Breaks up what a forge would make a link, a mention or a picture of, and is not seen. */
const JOINER = "\u2060";
/** What is not seen, or turns around what follows, and halves of letters. */
const CONTROLS =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/** On one line, with nothing in it that is not seen or turns what follows around. */
export function oneLine(text: string): string {
  return text
    .replace(/\r\n?|\n/g, "⏎")
    .replace(/\t/g, " ")
    .toWellFormed()
    .replace(CONTROLS, "\ufffd");
}

/** For HTML, in text and in quoted attributes. */
export function html(text: string): string {
  return oneLine(text).replace(/[&<>"'`]/g, entity);
}

/** For Markdown, as a part of a sentence: reads as it stands, and neither marks up, mentions, links nor ends anything. */
export function plain(text: string): string {
  return oneLine(text)
    .replace(/[@#$]|:(?=\/\/|[\w+-]+:)|www(?=\.)|GH(?=-)/gi, (found) => `${found}${JOINER}`)
    .replace(/[0-9a-f]{6}(?=[0-9a-f])/gi, (run) => `${run}${JOINER}`)
    .replace(/[^\p{L}\p{M}\p{N} .,;:()'"/=?%+\-–…→⏎\u2060\ufffd]/gu, entity);
}

/** For Markdown, as code: forges look for no names in it. */
export function code(text: string): string {
  if (text === "") return "";
  const escaped = oneLine(text).replace(/[^\p{L}\p{M}\p{N} .,;()/\-…→⏎]/gu, entity);
  // A parser would make a link of it before anybody sees that it is code.
  return `<code>${escaped.replace(/(?<=www)\./gi, entity)}</code>`;
}

/** A sentence whose quoted names, roles, and what is to be copied, are set as code, by one of the three above. */
export function sentence(
  told: string,
  { text, name }: { readonly text: (part: string) => string; readonly name: (part: string) => string },
): string {
  return told
    .split(/(aliases: \[[^\]]{1,1000}\]|"[^"]{1,300}"|\broles\/[\w.]{1,100}\w)/)
    .map((part, index) => (index % 2 === 1 ? name(part.replace(/^"(.*)"$/s, "$1")) : text(part)))
    .join("");
}

function entity(letter: string): string {
  return `&#${letter.codePointAt(0)};`;
}
