/** What a scan has found in one text: ranges in order, without overlap, and the rule of each. */
export class Findings {
  count = 0;
  starts: Int32Array = new Int32Array(16);
  ends: Int32Array = new Int32Array(16);
  rules: Uint8Array = new Uint8Array(16);
  /** End of the last finding; nothing before it can be found again. */
  floor = 0;

  reset(from: number): void {
    this.count = 0;
    this.floor = from;
  }

  /** Returns where the scan goes on. */
  add(start: number, end: number, rule: number): number {
    if (this.count === this.rules.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.rules[this.count++] = rule;
    return (this.floor = end);
  }

  #grow(): void {
    const { starts, ends, rules } = this;
    this.starts = new Int32Array(starts.length * 2);
    this.ends = new Int32Array(starts.length * 2);
    this.rules = new Uint8Array(starts.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.rules.set(rules);
  }
}
