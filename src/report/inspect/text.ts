// The whole text of `mstream inspect`, or the parts that were asked for. May import ops and its own folder.

import type { Inspection } from '../../ops/inspect.js';
import type { Theme } from '../theme.js';
import { blockTable } from './block-table.js';
import { sectionMap } from './section-map.js';
import { summaryLines } from './summary.js';
import { totalsLines, warningLines } from './totals.js';

export interface TextParts {
  /** What this is, totals, warnings. */
  readonly summary: boolean;
  readonly blocks: boolean;
  readonly sections: boolean;
}

/** Ends with a newline, unless there is nothing. */
export async function inspectionText(inspection: Inspection, parts: TextParts, theme: Theme): Promise<string> {
  const { map, blocks, omittedRows, warnings } = inspection;
  const chapters = [
    parts.summary ? summaryLines(inspection, theme) : [],
    parts.summary ? warningLines(warnings, theme) : [],
    parts.blocks ? await blockTable(blocks, theme) : [],
    parts.sections ? await sectionMap(map, omittedRows, theme) : [],
    parts.summary ? await totalsLines(inspection, theme) : [],
  ];
  return chapters
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}
