/** The pattern behind some records. One object for each pattern and miner, so that it can be compared by identity. */
export interface Template {
  /** 16 hex digits: a hash of the text, the same on every host and after every restart. */
  readonly id: string;
  /** Words with `<*>` where records differ. */
  readonly text: string;
}
