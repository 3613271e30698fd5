// What rewrite refuses, forced, in a real QEMU: it is refused there too, in the words that were predicted. Where QEMU
// says nothing (it checks less than it should), what is lost instead.
import { Refused } from '../../src/base/refused.js';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { MemoryOrigin } from '../../src/bytes/memory.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { edited, fakeMemory } from '../support/edits.js';
import { fixtureBytes } from '../support/fixtures.js';
import { guestRam, load, pc, skip, type LoadOptions, type Outcome } from './support/loads.js';

if (skip !== undefined) test.skip(`refused edits in a real QEMU: ${skip}`);

/** Refused with our words; forced, given to a QEMU. */
async function forced(
  fixture: string,
  edits: readonly Edit[],
  ours: RegExp,
  options: Omit<LoadOptions, 'stream'>,
): Promise<Outcome> {
  const before = fixtureBytes(fixture);
  const error: unknown = await edited(before, edits).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({ code: 'refused', message: expect.stringMatching(ours) });
  return load({ ...options, stream: (await edited(before, edits, { force: true })).bytes });
}

const refused = (words: RegExp): object => ({ loaded: false, words: expect.stringMatching(words) });

describe.skipIf(skip !== undefined)('refused by QEMU as well', () => {
  const at72 = { release: '7.2', argv: pc('pc') };
  const at111 = { release: '11.1', argv: pc('pc') };

  test.each<
    [name: string, fixture: string, edits: Edit[], ours: RegExp, options: Omit<LoadOptions, 'stream'>, words: RegExp]
  >([
    [
      'resize-block below a page that comes',
      '7.2.22-plain',
      [{ edit: 'resize-block', block: '/rom@etc/acpi/tables', length: 0x1f000 }],
      /page 0x1f000 of "\/rom@etc\/acpi\/tables" would lie beyond its new length 0x1f000: QEMU says "Illegal RAM offset"/,
      at72,
      /Illegal RAM offset 1f000/,
    ],
    [
      'rename-block to a name that is taken',
      '7.2.22-plain',
      [{ edit: 'rename-block', block: 'pc.rom', to: 'pc.bios' }],
      /there would be two blocks "pc.bios"/,
      at72,
      /Size mismatch: pc\.bios: 0x20000 != 0x10000/,
    ],
    [
      'target-page-bits of another machine',
      '11.1.3-plain',
      [{ edit: 'target-page-bits', bits: 13 }],
      /target page bits 13, and the page records of this stream have pages of 4096 bytes/,
      at111,
      /Received TARGET_PAGE_BITS is 13 but local is 12/,
    ],
    [
      'target-page-bits of no machine',
      '7.2.22-plain',
      [{ edit: 'target-page-bits', bits: 9 }],
      /every QEMU that sends them has 10 to 16/,
      at72,
      /Received TARGET_PAGE_BITS is 9 but local is 12/,
    ],
    [
      'set-capability x-ignore-shared, off at the destination',
      '7.2.22-plain',
      [{ edit: 'set-capability', capability: 'x-ignore-shared' }],
      /every QEMU refuses or misreads/,
      at72,
      /Capability x-ignore-shared is off, but received capability is on/,
    ],
    [
      '… and on there',
      '7.2.22-plain',
      [{ edit: 'set-capability', capability: 'x-ignore-shared' }],
      /every QEMU refuses or misreads/,
      { ...at72, capabilities: ['x-ignore-shared'] },
      /Unknown ramblock|Mismatched|Length mismatch|Size/,
    ],
    [
      'clear-capability x-ignore-shared, off at the destination',
      '11.1.3-ignore-shared-2nodes',
      [{ edit: 'clear-capability', capability: 'x-ignore-shared' }],
      /every QEMU refuses or misreads/,
      at111,
      /Unknown ramblock|Size mismatch/,
    ],
    [
      '… and on there',
      '11.1.3-plain',
      [{ edit: 'set-capability', capability: 'mapped-ram' }],
      /every QEMU refuses or misreads/,
      at111,
      /Capability mapped-ram is off, but received capability is on/,
    ],
    [
      'set-capability of a name that nobody knows',
      '7.2.22-plain',
      [{ edit: 'set-capability', capability: 'no-such' }],
      /no QEMU writes "no-such" into this list/,
      at72,
      /Received unknown capability no-such/,
    ],
    [
      'drop-command OPEN_RETURN_PATH without PING',
      '7.2.22-return-path',
      [{ edit: 'drop-command', command: 1 }],
      /PING without OPEN_RETURN_PATH: QEMU says "CMD_PING received with no return path"/,
      at72,
      /CMD_PING \(0x1\) received with no return path/,
    ],
    [
      'drop-command POSTCOPY_ADVISE of a stream that went over to postcopy',
      '7.2.22-postcopy',
      [1, 2, 3].map((command): Edit => ({ edit: 'drop-command', command })),
      /POSTCOPY_(RAM_DISCARD|LISTEN) without POSTCOPY_ADVISE: QEMU says "CMD_POSTCOPY_(RAM_DISCARD|LISTEN) in wrong postcopy state"/,
      at72,
      /CMD_POSTCOPY_(RAM_DISCARD|LISTEN) in wrong postcopy state \(0\)/,
    ],
    [
      'drop-command POSTCOPY_LISTEN and not POSTCOPY_RUN',
      '11.1.3-postcopy',
      [1, 2, 3, 6, 4].map((command): Edit => ({ edit: 'drop-command', command })),
      /POSTCOPY_RUN without POSTCOPY_LISTEN: QEMU says "CMD_POSTCOPY_RUN in wrong postcopy state"/,
      at111,
      /CMD_POSTCOPY_RUN in wrong postcopy state/,
    ],
  ])('%s', async (_, fixture, edits, ours, options, words) => {
    expect(await forced(fixture, edits, ours, options)).toMatchObject(refused(words));
  });
});

describe.skipIf(skip !== undefined)('accepted by QEMU without a word, and worse', () => {
  const options = { release: '7.2', argv: pc('pc') };

  test('drop-section ram: the guest has no memory', async () => {
    const outcome = await forced(
      '7.2.22-plain',
      [{ edit: 'drop-section', idstr: 'ram' }],
      /the guest has no memory/,
      options,
    );
    expect(outcome).toMatchObject({ loaded: true, ran: false });
  });

  test('externalize of pages that the stream does not have: a file of zeros', async () => {
    const memory = fakeMemory();
    const edits: Edit[] = [{ edit: 'externalize', block: 'mem0', memory: memory.target }];
    await expect(edited(fixtureBytes('7.2.22-ignore-shared'), edits)).rejects.toThrow(
      '512 pages of "mem0" are not in this stream',
    );
    await edited(fixtureBytes('7.2.22-ignore-shared'), edits, { force: true });
    expect(memory.bytes().every((byte) => byte === 0)).toBe(true);
  });

  test('inline over pages that the stream has: the last of both count', async () => {
    const other: MemoryOrigin = { label: 'other', size: 2 << 20, read: async (into) => into.fill(0xaa).length };
    let ram: Buffer | undefined;
    const look: LoadOptions['look'] = async (machine) => void (ram = await guestRam(machine));
    const outcome = await forced(
      '7.2.22-plain',
      [{ edit: 'inline', block: 'pc.ram', memory: other }],
      /has pages in the stream already/,
      { ...options, look },
    );
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    expect(ram!.includes(Buffer.alloc(64, 0xaa))).toBe(false);
  });

  test('rename-section to a name that is taken: the last of both counts', async () => {
    const edits: Edit[] = [{ edit: 'rename-section', idstr: 'dma', instanceId: 0, to: 'i8254' }];
    const outcome = await forced('7.2.22-plain', edits, /there would be two sections "i8254" 0/, options);
    // As often as not the payloads do not even fit.
    if (!outcome.loaded) expect(outcome.words).toMatch(/i8254/);
  });
});

describe('what QEMU 4.0 and 4.1 answered', () => {
  // No lab has these two: their answers to hand-made changes of the same captures were kept. Where an edit of ours
  // makes the same bytes, the answer is the same.
  interface Answer {
    readonly id: string;
    readonly base: string;
    readonly edits: readonly {
      readonly op: 'replace' | 'insert' | 'delete';
      readonly at: number;
      readonly hex?: string;
      readonly length?: number;
    }[];
    readonly destinations: readonly {
      readonly qemu: string;
      readonly argv: readonly string[];
      readonly verdict: string;
      readonly stderr: readonly string[];
    }[];
  }
  const answers = JSON.parse(
    readFileSync(new URL('../../fixtures/answers-4.x.json', import.meta.url), 'utf8'),
  ) as Answer[];
  const find = (id: string): Answer => answers.find((one) => one.id === id)!;

  function changed(answer: Answer): Uint8Array {
    let bytes = Buffer.from(
      gunzipSync(readFileSync(new URL(`../../fixtures/streams/${answer.base}/state.gz`, import.meta.url))),
    );
    // Offsets are those of the capture: from the back.
    for (const { op, at, hex = '', length = 0 } of answer.edits.toReversed()) {
      const gone = op === 'replace' ? hex.length / 2 : op === 'delete' ? length : 0;
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(hex, 'hex'), bytes.subarray(at + gone)]);
    }
    return bytes;
  }

  test.each<[id: string, edits: Edit[], force: boolean, verdict: string, words: RegExp]>([
    ['dialect-gpa40-added@4.0.0-plain', [{ edit: 'to-dialect', dialect: '4.0' }], false, 'accept', /^$/],
    [
      'ignored40-bios-1@4.0.0-ignore-shared',
      [{ edit: 'ignored', block: 'pc.bios', ignored: true }],
      true,
      'reject',
      /RAM block pc\.bios should {2}be migrated/,
    ],
    [
      'gpa-mem0@4.0.0-ignore-shared',
      [{ edit: 'set-address', block: 'mem0', address: 0x1000n }],
      false,
      'reject',
      /Mismatched GPAs for block mem0 4096!= 0/,
    ],
    [
      'gpa-mem1@4.0.0-ignore-shared-2nodes',
      [{ edit: 'set-address', block: 'mem1', address: 0x1000n }],
      false,
      'accept',
      /^$/,
    ],
    ['control-private@4.0.0-ignore-shared-2nodes', [], false, 'reject', /RAM block mem0 should {2}be migrated/],
  ])('%s', async (id, edits, force, verdict, words) => {
    const answer = find(id);
    const [first] = answer.destinations;
    expect([first!.qemu, first!.verdict, first!.stderr.join('\n')]).toEqual([
      '4.0.0',
      verdict,
      expect.stringMatching(words),
    ]);
    if (force) await expect(edited(fixtureBytes(answer.base), edits)).rejects.toThrow('QEMU 4.0 with share=on says');
    const { bytes } = await edited(fixtureBytes(answer.base), edits, { force });
    expect(Buffer.compare(bytes, changed(answer))).toBe(0);
  });
});
