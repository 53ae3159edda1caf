import { ofText, type Rule } from "./rule.ts";

/** @param rule in words, "must be …". */
export function matching(pattern: RegExp, rule: string): Rule {
  return ofText((text) => (pattern.test(text) ? undefined : rule));
}

/** For fields of which the provider does not send an empty text, as if it were absent. */
export function emptyOr(rule: Rule): Rule {
  return (value, report) => {
    if (value !== "") rule(value, report);
  };
}

/** An empty text passes: the provider takes it for an absent one. */
export function oneOf(...words: readonly string[]): Rule {
  return ofText((text) =>
    text === "" || words.includes(text) ? undefined : `must be one of ${words.join(", ")}`,
  );
}

/** Length in characters. */
export function characters({ from = 0, to }: { readonly from?: number; readonly to: number }): Rule {
  const rule = from === 0 ? `must have at most ${to} characters` : `must have ${from} to ${to} characters`;
  return ofText((text) => {
    const { length } = [...text];
    return length >= from && length <= to ? undefined : rule;
  });
}

/** A label of RFC 1035: what Compute Engine and many others take as a name. */
export function rfc1035Label({
  from = 1,
  to = 63,
}: {
  readonly from?: number;
  readonly to?: number;
} = {}): Rule {
  const label = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
  return ofText((text) =>
    text.length >= from && text.length <= to && label.test(text)
      ? undefined
      : `must be ${from} to ${to} lower-case letters, digits and dashes, begin with a letter and not end in a dash`,
  );
}

/** A domain name of RFC 1035 in lower case, with at least one dot and without one at its end. */
export function domainName({ wildcard = false }: { readonly wildcard?: boolean } = {}): Rule {
  return ofText((text) => {
    const name = wildcard ? text.replace(/^\*\./, "") : text;
    return isDomainName(name)
      ? undefined
      : `must be a domain name in lower case${wildcard ? "" : " and without wildcard"}, of labels of 1 to 63 characters and 253 in all`;
  });
}

/** An absolute https URL with a host. */
export function httpsUrl(): Rule {
  return ofText((text) =>
    URL.canParse(text) && new URL(text).protocol === "https:" ? undefined : "must be an https URL",
  );
}

/** A text that is base64, as APIs take bytes. */
export function base64(): Rule {
  return ofText((text) =>
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
      ? undefined
      : "must be base64",
  );
}

export function isDomainName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/.test(text)
  );
}

/** Whether one letter is wrong, too many, missing, or has changed places with the next. */
export function isSlip(text: string, meant: string): boolean {
  let from = 0;
  while (from < meant.length && text[from] === meant[from]) from += 1;
  const rest = (word: string, skipped: number) => word.slice(from + skipped);
  return (
    rest(text, 1) === rest(meant, 1) ||
    rest(text, 1) === rest(meant, 0) ||
    rest(text, 0) === rest(meant, 1) ||
    (text[from] === meant[from + 1] && text[from + 1] === meant[from] && rest(text, 2) === rest(meant, 2))
  );
}
