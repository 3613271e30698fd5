// Streams of any size whose bytes are computed as they are read and stored nowhere: dense or idle RAM, mapped-ram.
import type { ByteSource } from '../../src/bytes/source.js';
import { mappedPagesOffset } from '../../src/wire/mapped-ram.js';
import { syntheticSource } from './sources.js';

const word = (value: bigint): number[] =>
  Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(56 - 8 * i)) & 0xffn));
const be32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const EOS = word(0x10n);
const FOOTER = [0x7e, ...be32(2)];

/** Header, configuration unless `capabilities` is undefined, START of "ram" up to the MEM_SIZE word. */
function opening(total: bigint, capabilities: readonly string[] | undefined): number[] {
  const names = capabilities ?? [];
  const listed = [5, ...text('configuration/capabilities'), ...be32(1), ...be32(names.length), ...names.flatMap(text)];
  const configuration =
    capabilities === undefined ? [] : [7, ...be32(2), 0x70, 0x63, ...(names.length > 0 ? listed : [])];
  return [
    ...Buffer.from('QEVM'),
    ...be32(3),
    ...configuration,
    1,
    ...be32(2),
    ...text('ram'),
    ...be32(0),
    ...be32(4),
    ...word(total | 4n),
  ];
}

/** About `size` bytes of page records, ascending through one block. Bodies are whatever the buffer held. */
export function bigRecords(size: number, kind: 'page' | 'zero'): ByteSource {
  const stride = kind === 'page' ? 8 + 4096 : 9;
  const flag = kind === 'page' ? 0x28 : 0x22;
  const count = Math.floor(size / stride);
  const used = BigInt(count + 1) * 4096n;
  const named = [...word(BigInt(flag & ~0x20)), ...text('pc.ram'), ...new Array<number>(stride - 8).fill(0)];
  const head = Uint8Array.from([
    ...opening(used, []),
    ...text('pc.ram'),
    ...word(used),
    ...EOS,
    ...FOOTER,
    3,
    ...be32(2),
    ...named,
  ]);
  const tail = Uint8Array.from([...EOS, ...FOOTER, 0]);
  const end = head.length + count * stride;
  return syntheticSource(end + tail.length, (into, at) => {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    const first = Math.max(0, Math.floor((at - head.length) / stride));
    for (
      let record = first, start = head.length + first * stride - at;
      record < count && start < into.length;
      record += 1, start += stride
    ) {
      const address = (record + 1) * 4096;
      if (start >= 0 && start + 9 <= into.length) {
        view.setUint32(start, Math.floor(address / 2 ** 32));
        view.setUint32(start + 4, (address % 2 ** 32) + flag);
        if (kind === 'zero') into[start + 8] = 0;
      } else {
        const bytes = Uint8Array.from([...word(BigInt(address + flag)), 0]);
        for (let i = 0; i < 9; i += 1) if (start + i >= 0 && start + i < into.length) into[start + i] = bytes[i]!;
      }
    }
    copyPart(into, at, head, 0);
    copyPart(into, at, tail, end);
  });
}

/** A mapped-ram file with one block of `used` bytes, configuration or none; pages are filled with 0x55. */
export function bigMapped(used: number, configured = true): ByteSource {
  const prefix = opening(BigInt(used), configured ? ['mapped-ram'] : undefined);
  const name = [...text('pc.ram'), ...word(BigInt(used))];
  const bitmapOffset = prefix.length + name.length + 28;
  const pagesOffset = mappedPagesOffset(bitmapOffset, used, 4096);
  const head = Uint8Array.from([
    ...prefix,
    ...name,
    ...be32(1),
    ...word(4096n),
    ...word(BigInt(bitmapOffset)),
    ...word(BigInt(pagesOffset)),
  ]);
  const tail = Uint8Array.from([...EOS, ...FOOTER, 3, ...be32(2), ...EOS, ...FOOTER, 0]);
  return syntheticSource(pagesOffset + used + tail.length, (into, at) => {
    into.fill(0x55);
    copyPart(into, at, head, 0);
    copyPart(into, at, tail, pagesOffset + used);
  });
}

/** What of `part`, which stands at `start`, lies in `into`, which stands at `at`. */
export function copyPart(into: Uint8Array, at: number, part: Uint8Array, start: number): void {
  const from = Math.max(at, start);
  const to = Math.min(at + into.length, start + part.length);
  if (from < to) into.set(part.subarray(from - start, to - start), from - at);
}
