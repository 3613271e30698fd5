// A block list that claims 2^50 bytes, and two pages in the stream: every command costs what came, not what is claimed.
import { expect, test } from 'vitest';
import { concatBytes, latin1Bytes } from '../../../src/base/bytes.js';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySource } from '../../../src/bytes/source.js';
import { openGuestMemory } from '../../../src/open/guest-memory.js';
import { mstream } from '../../support/fake-host.js';

const CLAIMED = 2 ** 50;
const FAR = 2 ** 49;

function be(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = size - 1, rest = value; i >= 0; i -= 1, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

const text = (name: string): Uint8Array => concatBytes([be(1, name.length), latin1Bytes(name)]);
const eos = concatBytes([be(8, 0x10), be(1, 0x7e), be(4, 2)]);
const page = (address: number, fill: number): Uint8Array =>
  concatBytes([be(8, address + 8), text('pc.ram'), new Uint8Array(4096).fill(fill)]);

/** A page at 0, and a page of `fill` at 2^49. */
function huge(fill: number): Uint8Array {
  const machine = 'pc-i440fx-7.2';
  return concatBytes([
    ...[be(4, 0x5145_564d), be(4, 3), be(1, 7), be(4, machine.length), latin1Bytes(machine)],
    ...[be(1, 1), be(4, 2), text('ram'), be(4, 0), be(4, 4)],
    ...[be(8, CLAIMED + 4), text('pc.ram'), be(8, CLAIMED), eos],
    ...[be(1, 2), be(4, 2), page(0, 1), page(FAR, fill), eos],
    ...[be(1, 3), be(4, 2), eos, be(1, 0)],
  ]);
}

const files = { a: huge(7), b: huge(9) };

test('guest memory', async () => {
  const memory = await openGuestMemory(memorySource(files.a), { inflate });
  expect(memory.absentPages(0)).toBe(CLAIMED / 4096 - 2);
  expect(memory.next(0, FAR / 4096 + 1)).toBeLessThan(FAR / 4096 + 100_000);
  const addresses: number[] = [];
  for await (const runs of memory.pages(0, false))
    for (let i = 0; i < runs.count; i += 1) addresses.push(runs.addr[i]!);
  expect(addresses).toEqual([0, FAR]);
});

test.each([
  [1, 'diff --bytes a b', '1 of 274,877,906,944 pages differ, 4,096 bytes differ'],
  [0, 'stat a b', '1 content in every state'],
  [1, 'mem a find abc --memory-map 0=pc.ram', ''],
  [1, 'convert a -o out --to mapped-ram', 'refused: 274877906942 pages of "pc.ram" are not in this stream'],
  [0, 'convert a -o out --to plain', 'wrote plain'],
  [0, 'rewrite a -o out --compact --force', 'wrote: 1 change'],
])('exit code %i of %s', async (code, command, words) => {
  const { stdout, stderr, ...outcome } = await mstream(command.split(' '), { files });
  expect([outcome.code, `${stdout}${stderr}`]).toEqual([code, expect.stringContaining(words)]);
});
