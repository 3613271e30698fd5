// A PART of "ram" that an edit puts into a stream, behind the section that has just closed.

import type { Span } from '../../base/span.js';
import type { StreamEvent } from '../../stream/event.js';
import { ramFlag } from '../../wire/ram-flags.js';

/** Header, the events of `pages`, EOS, footer. All stand at `span`, where nothing of the input stands. */
export async function* ramPart(
  { section, footer }: Extract<StreamEvent, { kind: 'section-close' }>,
  targetPageSize: number,
  span: Span,
  pages: AsyncIterable<StreamEvent>,
): AsyncGenerator<StreamEvent> {
  yield { kind: 'section-open', type: 'part', section, span };
  yield* pages;
  yield { kind: 'ram-mark', mark: 'eos', flags: ramFlag.eos, address: 0, targetPageSize, span };
  yield { kind: 'section-close', section, footer, span };
}
