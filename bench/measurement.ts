/** One number, as the table shows it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "s" | "ms" | "MB" | "bytes" | "per s" | "times" | "domains" | "requests";
  /** What the value should not exceed, or not fall short of where it is a rate; in the same unit. Told, never enforced: machines differ. */
  readonly aim?: number;
  /** How far the runs lay apart, or what the number comes from. */
  readonly note?: string;
}

export interface Measurement {
  /** By which it is chosen on the command line: kebab-case. */
  readonly name: string;
  readonly description: string;
  /** What a reader must know to compare: how many runs, what counts, which processes. */
  readonly conditions: string;
  /** Too slow or too heavy on the network to run unasked. @default false */
  readonly onlyWhenNamed?: boolean;
  /** @throws when what was measured did not do its work: there is no figure for that. */
  run(say: (line: string) => void): Promise<readonly Figure[]>;
}
