// Where the predictor and QEMU part, and why that is accepted. A case that agrees again must go from here. Imports nothing.

export interface Disagreement {
  /** Names as the suite prints them. */
  readonly cases: readonly string[];
  /** `verdict`: loads or not. `text`: both refuse, in other words. */
  readonly what: 'verdict' | 'text';
  readonly reason: string;
  /** By luck it may agree: what QEMU prints there is whatever lay in its memory. */
  readonly byChance?: true;
}

export const disagreements: readonly Disagreement[] = [];
