const COLOURS = { green: 32, yellow: 33, red: 31, cyan: 36, dim: 2, bold: 1 } as const;

export function wantsColour(stream: NodeJS.WriteStream = process.stdout): boolean {
  return Boolean(stream.isTTY) && !process.env.NO_COLOR;
}

/** Colour where a person looks on, and nowhere else. */
export function paint(
  colour: keyof typeof COLOURS,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return wantsColour(stream) ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/** Whoever reads may leave early, `| head -1` say: what they would have read is dropped, and the work goes on. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Where progress goes: out of the way of JSON. */
export function progressStream(json: boolean | undefined): NodeJS.WriteStream {
  return json ? process.stderr : process.stdout;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const GAP = "  ";
/** A column that is narrower tells nothing. */
const LEAST_WIDTH = 8;
/** After these, a name or an address may go on below. */
const JOINTS = ["/", "-", ".", ",", ":", "@"];

/**
 * Columns padded to their widest cell; on a terminal that is too narrow for them, the widest columns give way, and
 * their cells go on below, within their column.
 *
 * @param width of the terminal. @default that of standard output; none where it is a file or a pipe
 */
export function table(
  rows: readonly (readonly string[])[],
  width = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const widest = rows.reduce<number[]>(
    (widths, row) => row.map((cell, column) => Math.max(widths[column] ?? 0, lengthOf(cell))),
    [],
  );
  const widths = width === undefined ? widest : fitted(widest, width);
  return rows.flatMap((row) => lines(row, widths)).join("\n");
}

/** One after the other, the widest column becomes as narrow as the next, until all of them fit. */
function fitted(widest: readonly number[], width: number): readonly number[] {
  const widths = [...widest];
  const room = width - GAP.length * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over -= 1) {
    const most = Math.max(...widths);
    if (most <= LEAST_WIDTH) break;
    widths[widths.lastIndexOf(most)] = most - 1;
  }
  return widths;
}

function lines(row: readonly string[], widths: readonly number[]): readonly string[] {
  const cells = row.map((cell, column) => wrapped(cell, widths[column] ?? 0));
  const count = Math.max(1, ...cells.map(({ length }) => length));
  return Array.from({ length: count }, (_, line) =>
    cells
      .map((parts, column) => {
        const part = parts[line] ?? "";
        return part + " ".repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(part)));
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** At spaces where there are any, else after what ends a part of a name or an address, else where it must be. */
function wrapped(cell: string, width: number): readonly string[] {
  const parts: string[] = [];
  let rest = [...cell];
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const joint = rest.findLastIndex((character, at) => at < width && JOINTS.includes(character));
    const end = space > 0 ? space : joint > 0 ? joint + 1 : width;
    parts.push(rest.slice(0, end).join(""));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  return [...parts, rest.join("")];
}

function lengthOf(text: string): number {
  return [...text].length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
