// One page record as the page that it stands for: fills, copies, zlib streams, and deltas against what came before.
// QEMU: ram_load_precopy(), migration/ram.c.

import { MigrationStreamError } from '../../base/errors.js';
import { inflate } from '../../bytes/node/inflate.js';
import { pageKind, type PageRuns } from '../../ram/page-runs.js';
import { applyXbzrle } from '../../ram/xbzrle.js';

export class PageDecoder {
  private readonly memory: { read(into: Uint8Array, at: number): Promise<void> };

  /** `memory` is asked for the content that an XBZRLE record changes. */
  constructor(memory: { read(into: Uint8Array, at: number): Promise<void> }) {
    this.memory = memory;
  }

  /**
   * Record `k` of run `i` into `page` (one target page).
   * @throws MigrationStreamError code `bad-payload`: a delta or a zlib stream that QEMU would refuse too
   */
  async decode(runs: PageRuns, i: number, k: number, page: Uint8Array): Promise<void> {
    const at = runs.bodyAt(i, k);
    const body = runs.bytes.subarray(at, at + runs.length[i]!);
    switch (runs.kind[i]) {
      case pageKind.zero:
        page.fill(runs.fill[i]!);
        return;
      case pageKind.page:
        page.set(body);
        return;
      case pageKind.xbzrle:
        await this.memory.read(page, runs.addr[i]! + k * runs.pageSize);
        if (!applyXbzrle(body, page)) throw bad(runs, i, k, 'XBZRLE delta cannot be decoded');
        return;
      default: {
        const plain = inflate(body, runs.pageSize);
        if (plain?.length !== runs.pageSize) throw bad(runs, i, k, 'compressed page cannot be inflated to a page');
        page.set(plain);
      }
    }
  }
}

function bad(runs: PageRuns, i: number, k: number, message: string): MigrationStreamError {
  return new MigrationStreamError({
    code: 'bad-payload',
    message,
    offset: runs.offsetOf(i, k),
    path: ['section "ram"', 'page record'],
  });
}
