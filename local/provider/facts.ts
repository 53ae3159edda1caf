/** What the schema of the real provider says of one kind. Paths: `a.b` is nested, `a[].b` is in a list. */
export interface Facts {
  readonly required: readonly string[];
  /** A change under any of these makes a new resource. */
  readonly replaceOnChange: readonly string[];
  /** Outputs that nobody can set. */
  readonly computed: readonly string[];
  readonly secret?: readonly string[];
  readonly defaults?: Readonly<Record<string, string>>;
}
