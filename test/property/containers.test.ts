// Whatever a container's bytes are, opening it answers, or throws the one typed error: cut anywhere, one byte changed,
// random structure behind a real magic. Never a hang.
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MigrationStreamError } from '../../src/base/errors.js';
import { nodeDecompressors } from '../../src/bytes/node/decompressors.js';
import { forwardSource, memorySource } from '../../src/bytes/source.js';
import { openContainers } from '../../src/container/open.js';
import { cases } from '../support/seed.js';

const magics = [
  'LibvirtQemudSave\x02\0\0\0',
  'LibvirtQemudPart',
  '\x1f\x8b\x08',
  'QFI\xfb\0\0\0\x03',
  'QEVM\0\0\0\x03',
];
const header = Buffer.alloc(512);
header.write('state', 0);
header.write('00000000100\0', 124);
header.write('0', 156);
header.write('ustar\x0000', 257);
const libvirt = Buffer.concat([
  Buffer.from('LibvirtQemudSave\x02\0\0\0\x0a\0\0\0', 'latin1'),
  Buffer.alloc(68),
  Buffer.from('<domain/>\0QEVM\0\0\0\x03\x07\0\0\0\x02pc', 'latin1'),
]);
const seeds = [
  libvirt,
  gzipSync(libvirt),
  Buffer.concat([header, libvirt]),
  Buffer.concat([Buffer.alloc(4096), libvirt]),
];

/** Opens the bytes from a file and from a pipe, and reads a little of what lies inside. */
async function survives(bytes: Uint8Array): Promise<void> {
  for (const source of [memorySource(bytes), forwardSource(memorySource(bytes))]) {
    try {
      const nest = await openContainers(source, { decompressors: { gzip: nodeDecompressors.gzip! } });
      const into = new Uint8Array(5000);
      for (let at = 0, got; at < 20_000 && (got = await nest.inner.read(into, at)) > 0;) at += got;
      await nest.inner.close();
    } catch (error) {
      expect(error).toBeInstanceOf(MigrationStreamError);
    }
  }
}

test('cut anywhere', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), fc.nat(), async (seed, at) =>
      survives(seed.subarray(0, at % (seed.length + 1))),
    ),
    cases(60),
  ));

test('one byte changed', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), fc.nat(), fc.nat(255), async (seed, at, byte) => {
      const copy = Buffer.from(seed);
      copy[at % copy.length] = byte;
      await survives(copy);
    }),
    cases(60),
  ));

test('anything behind a magic', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 700 }), async (magic, rest) =>
      survives(Buffer.concat([Buffer.from(magic, 'latin1'), rest])),
    ),
    cases(60),
  ));
