/** After each letter those that follow it in words, of which nearly all others are free. */
const FOLLOWERS: ReadonlyMap<string, string> = new Map(
  [
    "abcdfgiklmnprstuvy baeilorsu cacehiklorstu dadeiorsu eabcdefgilmnpqrstvwxy faefiloru gaeghilnorsu haeiortu",
    "iabcdefglmnoprstvz jeou keis ladeilostuy mabeimopsu nacdefgiknostuv oabcdfgiklmnoprstuvw paehiloprstu qu",
    "racdegiklmnoprstuvy sacehiklmopstuy tacehiloprstuy uabcdeilmnprst vaei waeinor xeipt yps zae",
  ]
    .join(" ")
    .split(" ")
    .map((row) => [row.charAt(0), row.slice(1)]),
);
/** What a service makes unique by a few digits at its end, and UUIDs, which name and open nothing. */
const MADE_UNIQUE =
  /(?<![0-9a-z])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])|(?<=[-_/])[0-9a-f]{6,8}(?![0-9a-z])/gi;
/** Shorter ones are abbreviations, of which no secret is made up. */
const LEAST_WORD = 5;
const LEAST_ALONE = 16;
const LEAST_HEX = 32;
/** Of random text about a half, of names less than a tenth. */
const MOST_ODD = 0.28;

/** Whether a run of letters, digits and what may stand between them looks as if dice had made it. */
export function isRandom(run: string): boolean {
  const rest = run.replace(MADE_UNIQUE, "");
  const parts = [rest, ...rest.split(/[/=]/), ...rest.split(/[/=_+-]/)];
  return parts.some((part) => part.length >= LEAST_ALONE && oddness(part) > MOST_ODD);
}

/** Whether a run holds what may be a key, or a digest, in hexadecimal digits. */
export function isHexadecimal(run: string): boolean {
  return run.split(/[/=_+-]/).some((part) => part.length >= LEAST_HEX && /^[0-9a-f]+$/i.test(part));
}

/** How many neighbours are none in words and names, as a share of all. */
function oddness(text: string): number {
  const odd = text
    .split(/[/=_+-]/)
    .filter((word) => word.length >= LEAST_WORD)
    .reduce((sum, word) => sum + oddIn(word), 0);
  return odd / (text.length - 1);
}

/** Trailing digits count a name; a capital begins one of three letters or more. */
function oddIn(word: string): number {
  const named = word.replace(/\d{1,4}$/, "");
  let odd = 0;
  for (let at = 1; at < named.length; at += 1) {
    const [left, right] = [named.charAt(at - 1), named.charAt(at)];
    if (/\d/.test(left) || /\d/.test(right)) odd += /\d\d/.test(left + right) ? 0 : 1;
    else if (/[a-z]/.test(left) && /[A-Z]/.test(right))
      odd += /^([A-Z][a-z]{2}|[A-Z]{3})/.test(named.slice(at, at + 3)) ? 0 : 1;
    else odd += follows(left.toLowerCase(), right.toLowerCase()) ? 0 : 1;
  }
  return odd;
}

function follows(left: string, right: string): boolean {
  return left === right || FOLLOWERS.get(left)?.includes(right) === true;
}
