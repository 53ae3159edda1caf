import { parseArgs } from "node:util";
import { printJson, table } from "../operator/terminal/output.ts";
import { describeMachine, type Machine } from "./machine.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { MEASUREMENTS } from "./measurements.ts";
import { StartedPlatform } from "./started-platform.ts";

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const HELP = `npm run bench [-- NAME...] [--json] [--list]

Measures the platform on this machine, one thing at a time: all that is listed, or what is named.
Each runs on state and ports of its own. Do nothing else on the machine meanwhile.

  --list   what can be measured, and how
  --json   print JSON on standard output, progress on standard error

Exit codes: 0 measured, whether aims were met or not · 1 something could not be measured · 2 wrong usage`;

interface Result {
  readonly measurement: Measurement;
  /** Before it ran. */
  readonly machine: Machine;
  readonly figures: readonly Figure[];
  readonly error?: string;
}

const { values, positionals } = readArguments();
if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else if (values.list) {
  if (values.json) printJson(MEASUREMENTS.map(({ run: _, ...described }) => described));
  else process.stdout.write(`${renderList()}\n`);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  const results: Result[] = [];
  for (const measurement of chosen(positionals)) results.push(await measure(measurement));
  if (values.json) printJson(results.map(shown));
  else process.stdout.write(`\n${[...results.map(render), ...summary(results)].join("\n\n")}\n`);
  if (results.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

function readArguments() {
  const options = {
    json: { type: "boolean" },
    list: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n(--help shows what there is)\n`);
  process.exit(EXIT_USAGE);
}

function chosen(names: readonly string[]): readonly Measurement[] {
  if (names.length === 0) return MEASUREMENTS.filter(({ onlyWhenNamed }) => !onlyWhenNamed);
  return names.map((name) => {
    const known = MEASUREMENTS.map((each) => each.name).join(", ");
    const found = MEASUREMENTS.find((each) => each.name === name);
    return found ?? refuse(`A measurement must be one of ${known}; got "${name}".`);
  });
}

async function measure(measurement: Measurement): Promise<Result> {
  const machine = describeMachine();
  process.stderr.write(`${measurement.name}: ${measurement.description} …\n`);
  try {
    const figures = await measurement.run((line) => process.stderr.write(`  ${line}\n`));
    return { measurement, machine, figures };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${measurement.name} could not be measured: ${text}\n`);
    return { measurement, machine, figures: [], error: text };
  }
}

/** Clouds outlive whoever started them, so an interrupted run takes them down. */
function interrupt(): void {
  void StartedPlatform.stopAll().finally(() => process.exit(EXIT_INTERRUPTED));
}

function render({ measurement, machine, figures, error }: Result): string {
  const { cores, processor, memoryGigabytes, node, platform, load } = machine;
  const head = [
    `${measurement.name}: ${measurement.description}`,
    `  ${measurement.conditions}`,
    `  ${cores} cores (${processor}), ${memoryGigabytes} GB, ${platform}, Node ${node}, load before ${load}`,
  ];
  const rows = figures.map((figure) => [
    `  ${figure.name}`,
    amount(figure.value, figure.unit),
    figure.aim === undefined ? "" : amount(figure.aim, figure.unit),
    verdict(figure),
    figure.note ?? "",
  ]);
  const body = error === undefined ? table([["  FIGURE", "VALUE", "AIM", "", "NOTE"], ...rows]) : error;
  return [...head, body].join("\n");
}

/** Everything that has an aim, at one glance; what could not be measured is not passed over. */
function summary(results: readonly Result[]): readonly string[] {
  const rows = results.flatMap(({ measurement, figures, error }) =>
    error === undefined
      ? figures
          .filter(({ aim }) => aim !== undefined)
          .map((figure) => [
            figure.name,
            amount(figure.value, figure.unit),
            amount(figure.aim ?? 0, figure.unit),
            verdict(figure),
          ])
      : [[measurement.name, "not measured", "", "failed"]],
  );
  return rows.length === 0 ? [] : [table([["SUMMARY", "VALUE", "AIM", ""], ...rows])];
}

function amount(value: number, unit: Figure["unit"]): string {
  const digits = unit === "s" || unit === "per s" || unit === "times" ? 2 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

function verdict({ value, aim, unit }: Figure): string {
  if (aim === undefined) return "";
  return (unit === "per s" ? value >= aim : value <= aim) ? "met" : "missed";
}

function renderList(): string {
  return table(
    MEASUREMENTS.flatMap(({ name, description, conditions, onlyWhenNamed }) => [
      [name, `${description}${onlyWhenNamed ? " (only when named)" : ""}`],
      ["", conditions],
    ]),
  );
}

/** The shape of `--json`, kept stable. */
function shown({ measurement, machine, figures, error }: Result) {
  const { name, description, conditions } = measurement;
  return { name, description, conditions, machine, figures, ...(error !== undefined && { error }) };
}
