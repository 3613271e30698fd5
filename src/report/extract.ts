// What was extracted, as text for people.

import { printable } from './printable.js';
import { hexText, humanBytes, plural } from './quantity.js';
import type { Extraction } from '../ops/extract/extract.js';
import type { Guest } from '../ops/guest/guest.js';

/** The summary of `mstream extract`, with its warnings. Reads what a mapped-ram file holds beside living pages. */
export async function extractText(guest: Guest, extraction: Extraction | undefined): Promise<string> {
  const { memory } = guest;
  const lines: string[] = [];
  if (extraction !== undefined) {
    const { map, bytes } = extraction;
    lines.push(`layout from ${map.how}`);
    for (const { start, end, block, offset } of map.ranges) {
      const name = printable(memory.blocks[block]!.idstr);
      const from = offset === 0 ? '' : ` + ${hexText(offset)}`;
      lines.push(`  ${hexText(start).padStart(12)}-${hexText(end)}  ${name}${from}`);
    }
    lines.push(`${humanBytes(bytes)} written, holes included`);
  }
  const blocks = new Set(extraction?.map.ranges.map(({ block }) => block) ?? memory.blocks.keys());
  for (const block of blocks) {
    const absent = memory.isMissing(block) ? 0 : memory.absentPages(block);
    if (absent > 0)
      lines.push(
        `warning: ${plural(absent, 'page')} of ${printable(memory.blocks[block]!.idstr)} never came and read as zeros`,
      );
  }
  const stale = await guest.stalePages();
  if (stale > 0)
    lines.push(
      `warning: ${plural(stale, 'page')} of the file still hold old bytes although the guest's pages are zero (\`mstream inspect --stale\`)`,
    );
  return `${lines.join('\n')}\n`;
}
