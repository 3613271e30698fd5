// Edits that meet in the same bytes, edits that cannot do what they are asked, and what they then leave behind.
import { Refused } from '../../../src/base/refused.js';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { inspect } from '../../../src/ops/inspect.js';
import { openStream } from '../../../src/open/open-stream.js';
import type { Edit } from '../../../src/ops/rewrite/edit.js';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { rewrite } from '../../../src/ops/rewrite/rewrite.js';
import { edited, fakeMemory, look } from '../../support/edits.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const plain = fixtureBytes('4.0.0-plain');
const shared = fixtureBytes('4.0.0-ignore-shared');
const blockOf = async (bytes: Uint8Array, idstr: string) =>
  (await look(bytes)).blocks.find((block) => block.idstr === idstr);

describe('4.0 says of each block whether it was left out', () => {
  test('externalized into that layout: 1, the others 0', async () => {
    const { bytes } = await edited(plain, [
      { edit: 'externalize', block: 'pc.ram', memory: fakeMemory().target },
      { edit: 'to-dialect', dialect: '4.0' },
    ]);
    expect((await look(bytes)).blocks.map((block) => [block.idstr === 'pc.ram', block.ignored])).toEqual(
      expect.arrayContaining([
        [true, true],
        [false, false],
      ]),
    );
    expect((await blockOf(bytes, 'pc.ram'))!.ignoredHow).toBe('ignored-byte');
  });

  test('inlined within it: 0', async () => {
    const memory = fakeMemory();
    await memory.target.open(2 << 20);
    const nodes = fixtureBytes('4.0.0-ignore-shared-2nodes');
    const { bytes } = await edited(nodes, [
      { edit: 'inline', block: 'mem0', memory: memory.origin },
      { edit: 'to-dialect', dialect: '4.0' },
    ]);
    expect((await blockOf(bytes, 'mem0'))!.ignored).toBe(false);
  });

  test('asked for on a pipe, where nobody can know', async () => {
    const there = (await edited(shared, [{ edit: 'to-dialect', dialect: '4.1' }])).bytes;
    const ask: Edit = { edit: 'to-dialect', dialect: '4.0' };
    await expect(edited(there, [ask], { pipe: true })).rejects.toMatchObject({
      code: 'not-seekable',
      hint: { code: 'spool-or-ignored' },
    });
    const some: Edit[] = [ask, { edit: 'ignored', block: 'mem0', ignored: true }];
    await expect(edited(there, some, { pipe: true })).rejects.toThrow('a pipe cannot be read twice');
    const all = (await look(there)).blocks.map(({ idstr }): Edit => ({
      edit: 'ignored',
      block: idstr,
      ignored: idstr === 'mem0',
    }));
    expect(same((await edited(there, [ask, ...all], { pipe: true })).bytes, shared)).toBe(true);
  });
});

describe('names', () => {
  test('two blocks change names', async () => {
    const swap = (a: string, b: string): Edit[] => [
      { edit: 'rename-block', block: a, to: b },
      { edit: 'rename-block', block: b, to: a },
    ];
    const there = await edited(plain, swap('pc.rom', 'pc.bios'));
    expect((await blockOf(there.bytes, 'pc.bios'))!.usedLength).toBe((await blockOf(plain, 'pc.rom'))!.usedLength);
    expect(same((await edited(there.bytes, swap('pc.bios', 'pc.rom'))).bytes, plain)).toBe(true);
  });

  test('a dropped block leaves its name free', async () => {
    const { bytes } = await edited(plain, [
      { edit: 'drop-block', block: 'pc.rom' },
      { edit: 'rename-block', block: 'pc.bios', to: 'pc.rom' },
    ]);
    const seen = await look(bytes);
    expect([seen.error, seen.blocks.filter((block) => block.idstr === 'pc.rom').length]).toEqual([undefined, 1]);
  });

  test('edits speak of the input’s names, also of what is renamed', async () => {
    const { bytes } = await edited(shared, [
      { edit: 'rename-block', block: 'mem0', to: 'x' },
      { edit: 'set-address', block: 'mem0', address: 7n },
      { edit: 'ignored', block: 'mem0', ignored: false },
    ]);
    expect(await blockOf(bytes, 'x')).toMatchObject({ gpa: 7n, ignored: false });
    await expect(
      edited(shared, [
        { edit: 'rename-block', block: 'mem0', to: 'x' },
        { edit: 'drop-block', block: 'x' },
      ]),
    ).rejects.toMatchObject({ code: 'no-match' });
  });

  test('a device is renamed and edited at once, and the vmdescription follows both', async () => {
    const name = '0000:00:01.3/piix4_pm';
    const { bytes } = await edited(plain, [
      { edit: 'rename-section', idstr: name, to: 'pm' },
      { edit: 'append-bytes', path: `${name}.acpi_pci_hotplug.acpi_pcihp_pci_status`, bytes: new Uint8Array(4) },
      { edit: 'drop-subsection', path: 'piix4_pm/memhp' },
    ]);
    const stream = await openStream(bytes);
    const seen = await inspect(stream);
    expect([seen.error, seen.warnings]).toEqual([undefined, []]);
    expect(seen.map.find((row) => row.section?.idstr === 'pm')!.boundary).toBe('vmdescription');
  });
});

describe('refused, and nothing is left', () => {
  test.each<[string, Uint8Array, Edit[], RegExp]>([
    [
      'an address where the list has none',
      plain,
      [{ edit: 'set-address', block: 'pc.ram', address: 0n }],
      /layout plain lists no addresses/,
    ],
    [
      'a length that the list cannot say',
      plain,
      [{ edit: 'resize-block', block: 'pc.rom', length: 4095 }],
      /no whole number of target pages/,
    ],
    [
      'the same memory for two blocks',
      plain,
      ['pc.ram', 'pc.rom'].map((block): Edit => ({ edit: 'externalize', block, memory: fakeMemory('one').target })),
      /cannot share one/,
    ],
    [
      'a block that comes and goes',
      plain,
      [
        { edit: 'externalize', block: 'pc.ram', memory: fakeMemory('a').target },
        { edit: 'inline', block: 'pc.ram', memory: fakeMemory('b').origin },
      ],
      /externalized and inlined at once/,
    ],
    [
      'a memory file of another size',
      fixtureBytes('7.2.22-ignore-shared'),
      [{ edit: 'inline', block: 'mem0', memory: fakeMemory().origin }],
      /memory has 0x0 bytes, block "mem0" has 0x200000/,
    ],
    [
      'a capability that is not listed',
      plain,
      [{ edit: 'clear-capability', capability: 'x-ignore-shared' }],
      /^clear-capability .*matches nothing/,
    ],
    ['a uuid that is not there', plain, [{ edit: 'uuid', uuid: undefined }], /^uuid matches nothing/],
    [
      'all instances and one of them',
      plain,
      [
        { edit: 'drop-section', idstr: 'i8259' },
        { edit: 'rename-section', idstr: 'i8259', instanceId: 1, to: 'x' },
      ],
      /two edits of section i8259/,
    ],
    [
      'the only name of RAM',
      plain,
      [{ edit: 'rename-section', idstr: 'ram', to: 'mem' }],
      /only memory is called "ram"/,
    ],
    ['PACKAGED', fixtureBytes('7.2.22-postcopy'), [{ edit: 'drop-command', command: 7 }], /cannot be dropped/],
    [
      'a field that is not there',
      plain,
      [{ edit: 'delete-bytes', path: 'timer.nowhere' }],
      /^delete-bytes timer\.nowhere matches nothing/,
    ],
    [
      'a value that does not fit',
      plain,
      [{ edit: 'set', path: 'i8259/0.last_irr', value: '256' }],
      /i8259\.last_irr: 256 is no/,
    ],
    [
      'two edits of one field',
      plain,
      [
        { edit: 'set', path: 'i8259/1.last_irr', value: '1' },
        { edit: 'delete-bytes', path: 'i8259/1.last_irr' },
      ],
      /two edits of i8259\/1\.last_irr/,
    ],
    [
      'two edits of one field by two paths',
      plain,
      [
        { edit: 'set', path: 'i8259/1.last_irr', value: '1' },
        { edit: 'set', path: 'i8259*.last_irr', value: '2' },
      ],
      /is changed twice/,
    ],
    [
      'devices without a description',
      fixtureBytes('7.2.22-no-vmdesc'),
      [{ edit: 'set', path: 'timer.*', value: '1' }],
      /without a vmdescription/,
    ],
    [
      'devices of postcopy, which has none',
      fixtureBytes('7.2.22-postcopy'),
      [{ edit: 'set', path: 'timer.*', value: '1' }],
      /RAM is not held back/,
    ],
    ['compaction of multifd', fixtureBytes('10.0.13-multifd'), [{ edit: 'compact' }], /multifd channels beside it/],
    [
      '… of an old one, which does not say so',
      fixtureBytes('4.1.0-multifd'),
      [{ edit: 'compact' }],
      /pages of "pc.ram" never came/,
    ],
    [
      '… of mapped-ram',
      fixtureBytes('10.0.13-mapped-ram'),
      [{ edit: 'compact' }],
      /keeps one version of each page already/,
    ],
    ['… of postcopy', fixtureBytes('11.1.3-postcopy'), [{ edit: 'compact' }], /went over to postcopy|never came/],
    [
      'a new name where channels know the old one',
      fixtureBytes('10.0.13-multifd'),
      [{ edit: 'rename-block', block: 'pc.ram', to: 'x' }],
      /multifd channels beside it/,
    ],
    [
      'blocks of mapped-ram',
      fixtureBytes('10.0.13-mapped-ram'),
      [{ edit: 'drop-block', block: 'pc.rom' }],
      /its pages stand at absolute offsets/,
    ],
    [
      'memory out of mapped-ram',
      fixtureBytes('10.0.13-mapped-ram'),
      [{ edit: 'externalize', block: 'pc.ram', memory: fakeMemory().target }],
      /mapped-ram/,
    ],
    [
      'memory into mapped-ram',
      fixtureBytes('11.1.3-mapped-ram-ignore-shared'),
      [{ edit: 'inline', block: 'mem0', memory: fakeMemory().origin }],
      /mapped-ram/,
    ],
    [
      'x-ignore-shared out of postcopy with page sizes',
      withPageSizes(),
      [{ edit: 'to-dialect', dialect: '4.1' }],
      /layout postcopy cannot become ignore-shared-4\.1/,
    ],
  ])('%s', async (_, bytes, edits, words) => {
    let aborted = 0;
    const sink = { ...memorySink(), commit: async () => expect.unreachable(), abort: async () => void (aborted += 1) };
    const error: unknown = await rewrite(memorySource(bytes), sink, edits).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Refused);
    expect((error as Refused).message).toMatch(words);
    expect(aborted).toBe(1);
  });

  test('the output fails at its very end: the memory file is taken back', async () => {
    const memory = fakeMemory();
    const sink = { ...memorySink(), commit: async () => Promise.reject(new Error('full')) };
    await expect(
      rewrite(memorySource(plain), sink, [{ edit: 'externalize', block: 'pc.ram', memory: memory.target }]),
    ).rejects.toThrow('full');
    expect(memory.state).toMatchObject({ committed: true, aborted: true });
  });
});

/** A plain list in the postcopy layout: as QEMU writes it for hugepages, which no fixture has. */
function withPageSizes(): Uint8Array {
  const before = Buffer.from(fixtureBytes('7.2.22-postcopy-ready'));
  const name = before.indexOf(Buffer.from('\x06pc.ram', 'latin1'));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(0x200000n);
  return Buffer.concat([before.subarray(0, name + 15), size, before.subarray(name + 15)]);
}

describe('blobs of postcopy', () => {
  test.each(['7.2.22-postcopy', '10.0.13-postcopy-preempt', '11.1.3-postcopy'])(
    '%s: PACKAGED counts what is left',
    async (name) => {
      for (const edits of [
        [{ edit: 'drop-section', idstr: 'i8259' }],
        [{ edit: 'rename-section', idstr: 'timer', to: 'a longer name' }],
        [
          { edit: 'drop-command', command: 2 },
          { edit: 'drop-command', command: 1 },
        ],
      ] as Edit[][]) {
        const { bytes } = await edited(fixtureBytes(name), edits);
        const seen = await look(bytes);
        expect([seen.error, seen.complete]).toEqual([undefined, true]);
      }
    },
  );
});

describe('mapped-ram: what grows before the pages', () => {
  test.each(['10.0.13-mapped-ram', '10.0.13-mapped-ram-multifd', '11.1.3-mapped-ram-ignore-shared'])(
    '%s: they stay where they are',
    async (name) => {
      const before = fixtureBytes(name);
      const seen = await look(before);
      const last = seen.blocks.at(-1)!.idstr;
      const { bytes, result } = await edited(before, [
        { edit: 'machine', name: 'x'.repeat(200) },
        { edit: 'uuid', uuid: new Uint8Array(16) },
        { edit: 'rename-block', block: last, to: 'y'.repeat(255) },
      ]);
      const after = await look(bytes);
      expect(after.error).toBeUndefined();
      for (const [i, block] of after.blocks.entries()) {
        expect(block.mapped!.pagesOffset).toBe(seen.blocks[i]!.mapped!.pagesOffset);
        const { pagesOffset } = block.mapped!;
        const pages = (from: Uint8Array): Uint8Array =>
          from.subarray(pagesOffset, pagesOffset + (pagesOffset === 0 ? 0 : block.usedLength));
        expect(same(pages(bytes), pages(before))).toBe(true);
      }
      expect(result.differences.some((one) => one.what === 'bitmap_offset')).toBe(true);
    },
  );

  test('until there is no room', async () => {
    // The longest machine name does not fill a MiB; a list of that many blocks would. Made by hand: no padding at all.
    const before = Buffer.from(fixtureBytes('10.0.13-mapped-ram'));
    const { blocks } = await look(before);
    const { bitmapOffset, pagesOffset } = blocks[0]!.mapped!;
    const tight = Buffer.concat([
      before.subarray(0, bitmapOffset + 64),
      before.subarray(pagesOffset, pagesOffset + blocks[0]!.usedLength),
    ]);
    tight.writeBigUInt64BE(BigInt(bitmapOffset + 64), bitmapOffset - 8);
    // What follows is of no interest: the edit is refused at the list.
    await expect(
      edited(tight, [{ edit: 'machine', name: 'a longer machine name than before' }], { dialect: 'mapped-ram' }),
    ).rejects.toThrow(/bytes before the mapped-ram pages of "pc\.ram", and 0 are free/);
  });
});

describe('the document', () => {
  const schema = (name: string): object =>
    JSON.parse(readFileSync(new URL(`../../../docs/schema/${name}.json`, import.meta.url), 'utf8'));
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addSchema(schema('common'));
  const fits = ajv.compile(schema('rewrite'));

  test.each([
    ['--to-dialect', '4.1', '--machine', 'x', '--drop-vmdescription'],
    ['--ignored', 'mem0=no', '--set', 'i8259/0.last_irr=1', '--drop-section', 'i8259/1'],
    [
      '--delete-bytes',
      'i8259*.last_irr',
      '--append-bytes',
      'timer.*=00',
      '--drop-subsection',
      'piix4_pm/memhp',
      '--section-footers',
      'off',
    ],
  ])('--json %s %s', async (...edits) => {
    for (const planned of [['--dry-run'], ['-o', 'out']]) {
      const { stdout, stderr, code } = await mstream(['rewrite', 'state', '--json', ...planned, ...edits], {
        files: { state: shared },
      });
      expect([code, stderr]).toEqual([0, '']);
      const document: unknown = JSON.parse(stdout);
      expect(fits(document), ajv.errorsText(fits.errors)).toBe(true);
    }
  });
});
