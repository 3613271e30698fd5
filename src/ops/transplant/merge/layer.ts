// What laying one device's values onto the donor's needs to know on its way: where to write down differences, which
// subsections the destination would load, which integers count what.

import { equalBytes } from '../../../base/bytes.js';
import type { Branch, FieldNode, VmsdSchema } from '../../../vmstate/index.js';
import type { Ledger } from './ledger.js';
import type { Knowledge, Verdict } from './knowledge.js';
import type { Piece } from './piece.js';
import type { Grade } from '../report.js';
import { integerOf, isBlank, valuesBelow } from './values.js';

/** Merges a field of a type that PCI or virtio defines; undefined: no rule is about this field. */
export type FieldRule = (layer: Layer, donor: FieldNode, source: FieldNode) => Piece | undefined;

interface Pair {
  readonly donor: bigint;
  readonly source: bigint;
}

export class Layer {
  readonly ledger: Ledger;
  readonly rule: FieldRule;
  private readonly knowledge: Knowledge;
  /** Integers met so far, by table: one of them may be the length of an array behind it. */
  private readonly scopes: Pair[][] = [];
  private last:
    { readonly vmsd: VmsdSchema | undefined; readonly bytes: Uint8Array; readonly count: number } | undefined;
  /** Above 0 inside of something that the donor does not have: source and donor are the same nodes. */
  private adopting = 0;

  constructor(ledger: Ledger, knowledge: Knowledge, rule: FieldRule) {
    this.ledger = ledger;
    this.knowledge = knowledge;
    this.rule = rule;
  }

  inTable<T>(work: () => T): T {
    this.scopes.push([]);
    try {
      return work();
    } finally {
      this.scopes.pop();
    }
  }

  /** Work on something of the source alone. */
  adopt<T>(work: () => T): T {
    this.adopting += 1;
    try {
      return work();
    } finally {
      this.adopting -= 1;
    }
  }

  /** Inside of something that only the source has. */
  get adopted(): boolean {
    return this.adopting > 0;
  }

  remember(donor: FieldNode, source: FieldNode): void {
    const [donorValue, sourceValue] = [integerOf(donor), integerOf(source)];
    if (donorValue !== undefined && sourceValue !== undefined)
      this.scopes.at(-1)?.push({ donor: donorValue, source: sourceValue });
  }

  /**
   * Does some integer before this say both lengths? Then that is what it counts, and the length is a value of the
   * source like any other. Nothing in a vmdescription says whether an array is of fixed length.
   */
  follows(donor: number, source: number): boolean {
    return this.scopes.some((pairs) =>
      pairs.some((pair) => pair.donor === BigInt(donor) && pair.source === BigInt(source)),
    );
  }

  /** Would the destination load this subsection of the source? `donor`: the table that it would stand in. */
  knows(donor: VmsdSchema, inDonor: boolean, part: Branch): Verdict {
    if (inDonor && this.adopting === 0) return 'known';
    return this.knowledge.subsection(donor.name, part.vmsd!);
  }

  knowsField(table: string, name: string): boolean {
    return this.knowledge.field(table, name);
  }

  /** Values in an element of an array, which often is what the element before it was. */
  countValues(node: FieldNode): number {
    const { bytes } = node;
    const { last } = this;
    if (last !== undefined && node.kind === 'struct' && last.vmsd === node.vmsd && equalBytes(last.bytes, bytes))
      return last.count;
    const count = valuesBelow(node).length;
    if (node.kind === 'struct') this.last = { vmsd: node.vmsd, bytes, count };
    return count;
  }

  /** The grade of a difference in which this source value is lost. */
  lossOf(source: FieldNode): Grade {
    return isBlank(source) ? 'assumed' : 'lossy';
  }
}
