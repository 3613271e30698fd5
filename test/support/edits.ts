// Edits for tests: applied in memory, memory files that exist only here, and random edits that fit a given stream.
import fc from 'fast-check';
import { inflate } from '../../src/bytes/node/inflate.js';
import { memorySink, memorySource, forwardSource } from '../../src/bytes/source.js';
import type { Inspection } from '../../src/ops/inspect.js';
import { inspect } from '../../src/ops/inspect.js';
import { openStream } from '../../src/open/open-stream.js';
import type { MemoryOrigin, MemoryTarget } from '../../src/bytes/memory.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { rewrite, type RewriteOptions, type RewriteResult } from '../../src/ops/rewrite/rewrite.js';

export interface Edited {
  readonly bytes: Uint8Array;
  readonly result: RewriteResult;
}

export async function edited(
  bytes: Uint8Array,
  edits: readonly Edit[],
  options: RewriteOptions & { readonly pipe?: boolean } = {},
): Promise<Edited> {
  const sink = memorySink();
  const source = memorySource(bytes);
  const result = await rewrite(options.pipe === true ? forwardSource(source) : source, sink, edits, {
    poison: true,
    inflate,
    ...options,
  });
  return { bytes: sink.bytes(), result };
}

export const look = async (bytes: Uint8Array): Promise<Inspection> => inspect(await openStream(bytes));

export interface FakeMemory {
  bytes(): Uint8Array;
  readonly target: MemoryTarget;
  readonly origin: MemoryOrigin;
  readonly state: { opened: boolean; committed: boolean; aborted: boolean };
}

export function fakeMemory(label = 'memory'): FakeMemory {
  let content = new Uint8Array(0);
  const state = { opened: false, committed: false, aborted: false };
  return {
    bytes: () => content,
    state,
    target: {
      label,
      open: async (length) => {
        state.opened = true;
        content = new Uint8Array(length);
      },
      write: async (bytes, at) => content.set(bytes, at),
      read: async (into, at) => into.set(content.subarray(at, at + into.length)),
      zero: async (at, length) => void content.fill(0, at, at + length),
      commit: async () => void (state.committed = true),
      abort: async () => void (state.aborted = true),
    },
    origin: {
      label,
      get size() {
        return content.length;
      },
      // In pieces, as some sources answer.
      read: async (into, at) => {
        const part = content.subarray(at, at + Math.min(into.length, 100_001));
        into.set(part);
        return part.length;
      },
    },
  };
}

/** The block that holds the guest's memory: the first and largest. */
export function mainBlock(inspection: Inspection): string {
  // QEMU lists the largest first, which may be a flash.
  return (inspection.blocks.find(({ idstr }) => idstr === 'mem0') ?? inspection.blocks[0]!).idstr;
}

const text = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }).filter((name) => name !== 'ram');

/**
 * A handful of edits of what `inspection` shows. They may contradict each other or be refused: that is for rewrite to
 * say.
 */
export function editsFor(inspection: Inspection): fc.Arbitrary<Edit[]> {
  const block = fc.constantFrom(...inspection.blocks.map((row) => row.idstr));
  const sections = inspection.map.flatMap((row) =>
    row.kind === 'full' && row.section !== undefined ? [row.section] : [],
  );
  const commands = [...new Set(inspection.map.flatMap((row) => row.command ?? []))];
  const section = fc.constantFrom(...sections);
  const of = <E extends Edit['edit']>(edit: E, rest: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Edit> =>
    fc.record({ edit: fc.constant(edit), ...rest }) as unknown as fc.Arbitrary<Edit>;
  const named = section.map(({ idstr, instanceId }) => ({ idstr, instanceId }));
  const edits: fc.Arbitrary<Edit>[] = [
    of('to-dialect', { dialect: fc.constantFrom('4.0', '4.1', 'plain') }),
    of('set-address', { block, address: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
    of('rename-block', { block, to: text }),
    of('drop-block', { block }),
    of('externalize', {
      block,
      memory: fc.constant(undefined).map(() => fakeMemory(`memory ${Math.random()}`).target),
    }),
    of('machine', { name: text }),
    of('uuid', { uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
    of('target-page-bits', { bits: fc.constant(12) }),
    named.map((name): Edit => ({ edit: 'drop-section', ...name })),
    fc.tuple(named, text).map(([name, to]): Edit => ({ edit: 'rename-section', ...name, to })),
    of('footers', { footers: fc.boolean() }),
    of('drop-vmdescription', {}),
    of('compact', {}),
    named.map(({ idstr }): Edit => ({ edit: 'delete-bytes', path: `${idstr}.*` })),
    fc
      .constantFrom('piix4_pm/memhp', 'pckbd/extended_state', 'apic_sipi')
      .map((path): Edit => ({ edit: 'drop-subsection', path })),
    fc
      .tuple(
        fc.constantFrom('cpu.env.regs', 'timer.cpu_ticks_offset', 'mc146818rtc.*'),
        fc.uint8Array({ minLength: 1, maxLength: 9 }),
      )
      .map(([path, bytes]): Edit => ({ edit: 'append-bytes', path, bytes })),
    fc
      .bigInt({ min: 0n, max: (1n << 64n) - 1n })
      .map((value): Edit => ({ edit: 'set', path: 'cpu.env.eip', value: String(value) })),
    ...(commands.length === 0
      ? []
      : [
          fc
            .constantFrom(...commands)
            .map((name): Edit => ({ edit: 'drop-command', command: commandNumbers.get(name)! })),
        ]),
  ];
  return fc.array(fc.oneof(...edits), { minLength: 1, maxLength: 5 });
}

const commandNumbers = new Map([
  ['OPEN_RETURN_PATH', 1],
  ['PING', 2],
  ['POSTCOPY_ADVISE', 3],
  ['POSTCOPY_LISTEN', 4],
  ['POSTCOPY_RUN', 5],
  ['POSTCOPY_RAM_DISCARD', 6],
  ['PACKAGED', 7],
  ['SWITCHOVER_START', 11],
]);
