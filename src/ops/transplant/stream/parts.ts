// Sections of several parts besides RAM: a hash page table, storage attributes, dirty bitmaps. Written by hand, so they
// are carried whole, under the destination's section of that name.

import { quote } from '../../../base/quote.js';
import { deviceKey, type SectionHeader } from '../../../wire/section.js';
import { cures } from '../merge/cures.js';
import type { Ledger } from '../merge/ledger.js';

export class Parts {
  private readonly ledger: Ledger;
  /** The donor's. */
  private readonly donorSections: ReadonlyMap<string, SectionHeader>;
  /** By the source's section_id: what its parts are written under; undefined where they are not. */
  private readonly headers = new Map<number, SectionHeader | undefined>();
  private readonly met = new Set<string>();

  constructor(donorSections: readonly SectionHeader[], ledger: Ledger) {
    this.ledger = ledger;
    this.donorSections = new Map(
      donorSections.map((section) => [deviceKey(section.idstr, section.instanceId), section]),
    );
  }

  /** The header under which a part of `section` is written; undefined: it is dropped. */
  headerFor(section: SectionHeader): SectionHeader | undefined {
    if (this.headers.has(section.sectionId)) return this.headers.get(section.sectionId);
    const key = deviceKey(section.idstr, section.instanceId);
    const donorSection = this.donorSections.get(key);
    this.met.add(key);
    const carried =
      donorSection === undefined || section.versionId > donorSection.versionId
        ? undefined
        : { ...donorSection, versionId: section.versionId };
    this.headers.set(section.sectionId, carried);
    if (carried !== undefined) this.ledger.copied += 1;
    else {
      this.ledger.note({
        kind: 'dropped',
        grade: 'lossy',
        path: pathOf(section),
        before: `version ${section.versionId}`,
        after: donorSection === undefined ? undefined : `version ${donorSection.versionId}`,
        why:
          donorSection === undefined
            ? 'the donor has no such section of several parts'
            : 'the destination reads an older version',
        cure: donorSection === undefined ? cures.parts : undefined,
      });
    }
    return carried;
  }

  /** At the end: what only the donor has. */
  complete(): void {
    for (const [key, section] of this.donorSections) {
      if (!this.met.has(key))
        this.ledger.note({
          kind: 'left-out',
          grade: 'assumed',
          path: pathOf(section),
          why: 'the source has no such section: the destination keeps what it has after reset',
        });
    }
  }
}

function pathOf({ idstr, instanceId }: SectionHeader): string {
  return `section ${quote(idstr)}${instanceId === 0 ? '' : `/${instanceId}`}`;
}
