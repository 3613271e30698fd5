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

const on = (releases: readonly string[], ...names: readonly string[]): string[] => names.flatMap((name) => releases.map((release) => `${release} ${name}`));

const all = ['5.2', '7.2', '10.0', '11.1'];

export const disagreements: readonly Disagreement[] = [
  {
    cases: [...on(all, 'virtio: all features'), '5.2 virtio: mmio: a feature that no device has'],
    what: 'verdict',
    reason: 'Which virtio features the destination offers is in no answer of QEMU’s before a guest asks: the prediction says "loads" and names the features as unknown.',
  },
  {
    cases: on(all, 'virtio: fewer queues', 'virtio: net: more MAC filters than room'),
    what: 'verdict',
    reason: 'The part of virtio-net’s state that the device itself writes has no description: its length is taken from the sender’s, so a count inside it that lies is not followed.',
  },
  {
    cases: on(['10.0', '11.1'], 'mapped-ram: cut in the pages'),
    what: 'text',
    reason: 'Which page is named, and what the channel says of it, depends on how many pages QEMU reads at once.',
  },
  {
    cases: ['5.2 crossing: q35 without its machine name from 7.2', '7.2 crossing: q35 without its machine name from 5.2'],
    what: 'text',
    reason: 'The w1cmask that the message ends in: which bits of a PCIe capability are cleared by writing 1 is in no answer of QEMU’s.',
  },
  {
    cases: ['5.2 truncation: in a block’s name'],
    what: 'text',
    byChance: true,
    reason: 'QEMU prints the name with what lay in its memory behind the cut.',
  },
];
