// Where the predictor and QEMU part, and why that is accepted. A case that agrees again must go from here. Imports
// nothing.

export interface Disagreement {
  /** Names as the suite prints them. */
  readonly cases: readonly string[];
  /** `verdict`: loads or not. `text`: both refuse, in other words. */
  readonly what: 'verdict' | 'text';
  readonly reason: string;
  /** By luck it may agree: what QEMU prints there is whatever lay in its memory. */
  readonly byChance?: true;
}

const on = (releases: readonly string[], ...names: readonly string[]): string[] =>
  names.flatMap((name) => releases.map((release) => `${release} ${name}`));

export const disagreements: readonly Disagreement[] = [
  {
    cases: on(['5.2', '7.2'], 'pages: compressed, no page is a zlib stream'),
    what: 'text',
    byChance: true,
    reason: 'Several threads decompress: how many of them say so before the load ends depends on their speed.',
  },
  {
    cases: ['5.2 truncation: in a block’s name'],
    what: 'text',
    byChance: true,
    reason: 'QEMU prints the name with what lay in its memory behind the cut.',
  },
];
