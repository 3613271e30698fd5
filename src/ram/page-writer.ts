// HOT. Writes page runs by hand, the mirror of page-loop.ts; wire/page-header.ts is the truth, and a property test
// holds the three equal. Everything is encoded from the runs' own values; only bodies are copied.

import { HIGH } from '../base/units.js';
import { cannotEncode, type Emitter } from '../bytes/emitter.js';
import { ramFlag, XBZRLE_ENCODING } from '../wire/ram-flags.js';
import { pageKind, type PageRuns } from './page-runs.js';

const FLAG_OF_KIND: readonly number[] = [ramFlag.zero, ramFlag.page, ramFlag.xbzrle, ramFlag.compressPage];

/**
 * @throws MigrationStreamError code `cannot-encode`: an offset that is no multiple of the page size, a name too long
 */
export async function writePageRuns(emitter: Emitter, runs: PageRuns): Promise<void> {
  for (let i = 0; i < runs.count; i += 1) {
    if (runs.addr[i]! % runs.pageSize !== 0)
      throw cannotEncode(`page offset ${runs.addr[i]} in pages of ${runs.pageSize}`);
    const size = runs.headSize(i) + runs.length[i]!;
    for (let done = 0; done < runs.pages[i]!;) {
      await emitter.reserve(size);
      const now = Math.min(runs.pages[i]! - done, Math.floor(emitter.room / size));
      writeRecords(emitter, runs, i, done, now);
      done += now;
    }
  }
}

/** Records `from` to `from + count` of run `i`; there is room for them. */
function writeRecords(emitter: Emitter, runs: PageRuns, i: number, from: number, count: number): void {
  const { view, bytes } = emitter;
  const kind = runs.kind[i]!;
  const length = runs.length[i]!;
  const named = runs.named[i] === 1;
  const flags = FLAG_OF_KIND[kind]! | (named ? 0 : ramFlag.continue);
  const first = runs.addr[i]! + from * runs.pageSize;
  let high = Math.floor(first / HIGH);
  let low = first % HIGH;
  let body = runs.bodyAt(i, from);
  const stride = runs.stride(i);
  for (let k = 0; k < count; k += 1) {
    view.setUint32(emitter.at, high);
    view.setUint32(emitter.at + 4, low + flags);
    let at = emitter.at + 8;
    if (named) {
      emitter.at = at;
      const name = runs.blocks[runs.block[i]!]!.idstr;
      if (name.length > 255) throw cannotEncode('block name longer than 255 bytes');
      emitter.u8(name.length);
      emitter.latin1(name);
      at = emitter.at;
    }
    if (kind === pageKind.zero) {
      bytes[at] = runs.fill[i]!;
      at += 1;
    } else {
      if (kind === pageKind.xbzrle) {
        bytes[at] = XBZRLE_ENCODING;
        view.setUint16(at + 1, length);
        at += 3;
      } else if (kind === pageKind.compressed) {
        view.setUint32(at, length);
        at += 4;
      }
      bytes.set(runs.bytes.subarray(body, body + length), at);
      at += length;
    }
    emitter.at = at;
    body += stride;
    low += runs.pageSize;
    if (low >= HIGH) {
      low -= HIGH;
      high += 1;
    }
  }
}
