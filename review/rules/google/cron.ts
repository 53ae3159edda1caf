import { ofText, type Rule } from "../rule.ts";

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: readonly { readonly what: string; from: number; to: number; names?: readonly string[] }[] = [
  { what: "minute", from: 0, to: 59 },
  { what: "hour", from: 0, to: 23 },
  { what: "day of the month", from: 1, to: 31 },
  { what: "month", from: 1, to: 12, names: MONTHS },
  { what: "day of the week", from: 0, to: 7, names: DAYS },
];

/** A schedule of five fields, as crontab has them. */
export function cron(): Rule {
  return ofText((text) => {
    const fields = text.trim().split(/\s+/);
    if (fields.length !== FIELDS.length) {
      return "must have five fields: minute, hour, day of the month, month, day of the week";
    }
    const wrong = FIELDS.find((field, index) => !isField(fields[index] ?? "", field));
    return (
      wrong && `must have a ${wrong.what} from ${wrong.from} to ${wrong.to}, a range, list or step of such`
    );
  });
}

function isField(text: string, { from, to, names }: (typeof FIELDS)[number]): boolean {
  const numberOf = (word: string) => {
    const named = names?.indexOf(word.toUpperCase()) ?? -1;
    if (named >= 0) return named + from;
    return /^\d+$/.test(word) ? Number(word) : Number.NaN;
  };
  return text.split(",").every((part) => {
    const [range = "", step, ...rest] = part.split("/");
    if (rest.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1))) return false;
    if (range === "*") return true;
    const bounds = range.split("-").map(numberOf);
    if (bounds.length > 2 || bounds.some((bound) => !(bound >= from && bound <= to))) return false;
    const [first = 0, last = first] = bounds;
    return first <= last;
  });
}
