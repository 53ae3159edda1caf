/** Where challenges' answers are kept. */
export interface Challenges {
  /** `undefined`: there is none. @throws when that cannot be told. */
  read(name: string): Promise<Buffer | undefined>;
}
