// Where the parts of a transplant write down what they do.

import { MAX_DIFFERENCES } from '../../../limits.js';
import type { FieldNode } from '../../../vmstate/index.js';
import { worst, type Grade, type TransplantDifference } from '../report.js';
import { valueText } from './values.js';

/** What `note` needs; the rest is filled in. */
export type Remark = Pick<TransplantDifference, 'kind' | 'grade' | 'why'> &
  Partial<Omit<TransplantDifference, 'kind' | 'grade' | 'why'>>;

export class Ledger {
  readonly differences: TransplantDifference[] = [];
  readonly counts: Record<Grade, number> = { exact: 0, assumed: 0, lossy: 0, impossible: 0 };
  /** Values that are carried as they stand. */
  copied = 0;
  /** Paths that are spoken of, differences and what belongs to them. */
  readonly spokenOf: string[] = [];

  note(remark: Remark & { readonly path: string }): void {
    this.counts[remark.grade] += 1;
    if (this.spokenOf.length < 4 * MAX_DIFFERENCES) this.spokenOf.push(remark.path);
    // What decides is kept, whatever came before it.
    if (this.differences.length >= MAX_DIFFERENCES && remark.grade !== 'impossible') return;
    if (this.differences.length >= 2 * MAX_DIFFERENCES) return;
    this.differences.push({ offset: undefined, before: undefined, after: undefined, cure: undefined, ...remark });
  }

  /** About a field of the source, of the donor, or of both. */
  field(source: FieldNode | undefined, donor: FieldNode | undefined, remark: Remark): void {
    this.note({
      path: (donor ?? source)!.fullPath,
      ...(source === undefined ? {} : { offset: source.span.start, before: valueText(source) }),
      ...(donor === undefined ? {} : { after: valueText(donor) }),
      ...remark,
    });
  }

  /** A destination has loaded it: whether it fits is no question any more. */
  settle(): void {
    for (let i = this.differences.length - 1; i >= 0; i -= 1) {
      const { kind, grade } = this.differences[i]!;
      if (kind !== 'unchecked') continue;
      this.differences.splice(i, 1);
      this.counts[grade] -= 1;
    }
  }

  get grade(): Grade {
    return worst(...(Object.keys(this.counts) as Grade[]).filter((grade) => this.counts[grade] > 0));
  }
}
