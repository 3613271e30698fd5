// One page record as the page that it stands for: fills, copies, zlib streams, and deltas against what came before.
// QEMU: ram_load_precopy(), migration/ram.c.

import { MigrationStreamError } from '../base/errors.js';
import { pageKind, type PageRuns } from './page-runs.js';
import { applyXbzrle } from './xbzrle.js';

/** The plain bytes of a zlib stream, at most `limit` of them; undefined when `body` is none or holds more. */
export type Inflate = (body: Uint8Array, limit: number) => Uint8Array | undefined;

/** Where nobody gave an Inflate. @throws MigrationStreamError code `unsupported` */
export const noInflate: Inflate = () => {
  throw new MigrationStreamError({
    code: 'unsupported',
    message: 'a page is compressed with zlib, and the caller gave no `inflate`',
  });
};

/**
 * The body of a record of `kind`, applied to `page`, which holds what the page was before.
 * @throws MigrationStreamError code `bad-payload`, at `offset`: a delta or a zlib stream that QEMU would refuse too
 */
export function applyBody(kind: number, body: Uint8Array, page: Uint8Array, inflate: Inflate, offset: number): void {
  switch (kind) {
    case pageKind.zero:
      page.fill(body[0]!);
      return;
    case pageKind.page:
      page.set(body);
      return;
    case pageKind.xbzrle:
      if (!applyXbzrle(body, page)) throw badPage(offset, 'XBZRLE delta cannot be decoded');
      return;
    default: {
      const plain = inflate(body, page.length);
      if (plain?.length !== page.length) throw badPage(offset, 'compressed page cannot be inflated to a page');
      page.set(plain);
    }
  }
}

export class PageDecoder {
  private readonly memory: { read(into: Uint8Array, at: number): Promise<void> };
  private readonly inflate: Inflate;

  /** `memory` is asked for the content that an XBZRLE record changes. */
  constructor(memory: { read(into: Uint8Array, at: number): Promise<void> }, inflate: Inflate) {
    this.memory = memory;
    this.inflate = inflate;
  }

  /**
   * Record `k` of run `i` into `page` (one target page).
   * @throws MigrationStreamError code `bad-payload`: a delta or a zlib stream that QEMU would refuse too
   */
  async decode(runs: PageRuns, i: number, k: number, page: Uint8Array): Promise<void> {
    const kind = runs.kind[i]!;
    if (kind === pageKind.zero) {
      page.fill(runs.fill[i]!);
      return;
    }
    if (kind === pageKind.xbzrle) await this.memory.read(page, runs.addr[i]! + k * runs.pageSize);
    const at = runs.bodyAt(i, k);
    applyBody(kind, runs.bytes.subarray(at, at + runs.length[i]!), page, this.inflate, runs.offsetOf(i, k));
  }
}

export function badPage(offset: number, message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-payload', message, offset, path: ['section "ram"', 'page record'] });
}
