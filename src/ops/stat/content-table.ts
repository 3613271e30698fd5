// Which contents which states hold: hashes in an open table of bounded size. Above the bound the table keeps a sample,
// the hashes whose lowest bits are zero, and counts become estimates. (Wegman's adaptive sampling.)

/** Entries that are kept: above them the sample halves. The standard error of an estimate is then about 0.1 %. */
export const MAX_CONTENTS = 2 * 1024 * 1024;
/** States that are told apart: one bit each. */
export const MAX_STATES = 32;

const START = 1 << 12;

export class ContentTable {
  /** A content in the sample stands for so many. */
  weight = 1;
  private readonly limit: number;
  private slots = START;
  private high = new Uint32Array(START);
  private low = new Uint32Array(START);
  /** One bit for each state that has the content; 0: the slot is empty. */
  private states = new Uint32Array(START);
  private count = 0;

  constructor(limit = MAX_CONTENTS) {
    this.limit = limit;
  }

  /** State `state` holds the content with that hash. */
  add(high: number, low: number, state: number): void {
    if ((low & (this.weight - 1)) !== 0) return;
    const at = this.find(high, low);
    if (this.states[at] === 0) {
      this.high[at] = high;
      this.low[at] = low;
      this.count += 1;
    }
    this.states[at]! |= 1 << state;
    if (this.count * 2 <= this.slots) return;
    if (this.count > this.limit) this.weight *= 2;
    this.rebuild(this.count > this.limit ? this.slots : this.slots * 2);
  }

  /** Contents for which `wanted` holds, given their states as bits. An estimate when `weight` is above 1. */
  contents(wanted: (states: number) => boolean): number {
    let sum = 0;
    for (const states of this.states) if (states !== 0 && wanted(states)) sum += 1;
    return sum * this.weight;
  }

  /** The slot of that hash, or the empty slot for it. */
  private find(high: number, low: number): number {
    const mask = this.slots - 1;
    let at = high & mask;
    while (this.states[at] !== 0 && (this.high[at] !== high || this.low[at] !== low)) at = (at + 1) & mask;
    return at;
  }

  private rebuild(slots: number): void {
    const { high, low, states } = this;
    this.slots = slots;
    this.high = new Uint32Array(slots);
    this.low = new Uint32Array(slots);
    this.states = new Uint32Array(slots);
    this.count = 0;
    for (let i = 0; i < states.length; i += 1) {
      if (states[i] === 0 || (low[i]! & (this.weight - 1)) !== 0) continue;
      const at = this.find(high[i]!, low[i]!);
      this.high[at] = high[i]!;
      this.low[at] = low[i]!;
      this.states[at] = states[i]!;
      this.count += 1;
    }
  }
}
