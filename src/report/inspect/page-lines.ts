// `mstream inspect --pages`: page runs in order, one line each, in columns wide enough for the longest block name.

import { escapeText } from '../../base/quote.js';
import { pageKindNames, type PageRuns } from '../../ram/page-runs.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { countText, hexText, offsetText } from '../quantity.js';
import type { Theme } from '../theme.js';
import { runSpan } from './jsonl.js';

const OFFSET_WIDTH = 12;
const KIND_WIDTH = 10;
const COUNT_WIDTH = 11;

export class PageLines {
  private readonly theme: Theme;
  private width = 'block'.length;

  constructor(theme: Theme) {
    this.theme = theme;
  }

  /** At a block list: the heading, wide enough for its names. */
  heading(blocks: readonly RamBlockEntry[]): string {
    this.width = Math.max(this.width, ...blocks.map((block) => escapeText(block.idstr).length));
    return this.theme.label(this.columns('at', 'block', 'offset', 'kind', 'pages').trimEnd());
  }

  run(runs: PageRuns, i: number): string {
    const { theme } = this;
    const kind = pageKindNames[runs.kind[i]!]!;
    const name = escapeText(runs.blocks[runs.block[i]!]!.idstr);
    const fill = runs.fill[i]!;
    return [
      theme.offset(offsetText(runSpan(runs, i).start).padEnd(OFFSET_WIDTH)),
      theme.name(name.padEnd(this.width)),
      theme.offset(hexText(runs.addr[i]!).padStart(OFFSET_WIDTH)),
      (kind === 'page' ? 'data' : kind).padEnd(KIND_WIDTH),
      countText(runs.pages[i]!).padStart(COUNT_WIDTH),
      ...(kind === 'zero' && fill !== 0 ? [theme.warning(`fill ${hexText(fill)}`)] : []),
    ].join('  ');
  }

  private columns(at: string, block: string, offset: string, kind: string, pages: string): string {
    return [
      at.padEnd(OFFSET_WIDTH),
      block.padEnd(this.width),
      offset.padStart(OFFSET_WIDTH),
      kind.padEnd(KIND_WIDTH),
      pages.padStart(COUNT_WIDTH),
    ].join('  ');
  }
}
