// The footer after a section, and the question whether this stream has footers at all. The first section that ends
// decides: its payload ends exactly where a footer, or the next item, must begin. QEMU: check_section_footer(),
// migration/savevm.c.

import { span } from '../base/span.js';
import type { Cursor } from '../bytes/cursor.js';
import { SECTION_FOOTER_SIZE, sectionFooter, sectionType, type SectionHeader } from '../wire/section.js';
import type { StreamEvent } from './event.js';
import type { ReaderState } from './reader-state.js';

/** @throws MigrationStreamError code footer-mismatch or truncated */
export async function* closeSection(
  cursor: Cursor,
  state: ReaderState,
  section: SectionHeader,
): AsyncGenerator<StreamEvent> {
  await cursor.fill(SECTION_FOOTER_SIZE);
  const start = cursor.position;
  const here = span(start, start);
  if (state.footers === undefined) {
    if (cursor.available === 0) throw cursor.truncated(SECTION_FOOTER_SIZE, 'section footer');
    state.footers = cursor.peek() === sectionType.footer;
    yield {
      kind: 'dialect',
      fact: 'footers',
      value: state.footers,
      how: 'inferred',
      alternatives: [],
      trials: [],
      span: here,
    };
  }
  if (!state.footers) {
    yield { kind: 'section-close', section, footer: false, span: here };
    return;
  }
  const footer = sectionFooter.decode(cursor);
  if (footer.mark !== sectionType.footer) {
    throw cursor.fail(
      'footer-mismatch',
      `byte 0x${footer.mark.toString(16)} where the section footer 0x7e must stand`,
      {
        offset: start,
        hint: { code: 'payload-length' },
      },
    );
  }
  if (footer.sectionId !== section.sectionId) {
    throw cursor.fail(
      'footer-mismatch',
      `footer of section ${footer.sectionId} at the end of section ${section.sectionId}`,
      { offset: start + 1 },
    );
  }
  yield { kind: 'section-close', section, footer: true, span: span(start, cursor.position) };
}
