// The whole text of `mstream inspect`, or the requested parts.

import type { ContainerFacts } from '../../container/container.js';
import type { Inspection } from '../../ops/inspect.js';
import { nestingLines } from '../containers.js';
import type { Theme } from '../theme.js';
import { blockTable } from './block-table.js';
import { channelLines } from './channels.js';
import { sectionMap } from './section-map.js';
import { summaryLines } from './summary.js';
import { totalsLines, warningLines } from './totals.js';

export interface TextParts {
  /** The summary, totals, warnings. */
  readonly summary: boolean;
  readonly blocks: boolean;
  readonly sections: boolean;
}

/**
 * `width`: width of the terminal, if there is one; `containers`: around the stream, outermost first. The text ends with
 * a newline, unless it is empty.
 */
export async function inspectionText(
  inspection: Inspection,
  parts: TextParts,
  theme: Theme,
  width?: number,
  containers: readonly ContainerFacts[] = [],
): Promise<string> {
  const { map, blocks, omittedRows, warnings } = inspection;
  const chapters = [
    parts.summary ? nestingLines(containers, theme) : [],
    parts.summary ? summaryLines(inspection, theme) : [],
    parts.summary ? warningLines(warnings, theme) : [],
    parts.blocks ? await blockTable(blocks, theme, width) : [],
    parts.summary && inspection.channels !== undefined ? await channelLines(inspection.channels, theme) : [],
    parts.sections ? await sectionMap(map, omittedRows, theme, width) : [],
    parts.summary ? await totalsLines(inspection, theme) : [],
  ];
  return chapters
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}
