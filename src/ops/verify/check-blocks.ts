// Guest memory: the block list, and whether what it promises came. What is silent damage and what is left out on
// purpose is told apart here, since QEMU itself never asks.

import { quote } from '../../base/quote.js';
import { hex } from '../../bytes/window.js';
import type { StreamEvent } from '../../stream/event.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { BlockRow } from '../block-rows.js';
import type { Inspection } from '../inspect.js';
import { behaves } from '../../release/behaviours.js';
import { deviceOf, pluggedHoles, type PageRange, type PluggedMemory } from '../devices/virtio-mem.js';
import { finding, type Finding } from './codes.js';

type BlockList = Extract<StreamEvent, { kind: 'ram-blocks' }>;

/** Holes that a finding names. */
const MAX_RANGES = 8;

const PATH = ['section "ram"', 'block list'];

/** ROMs and video memory: QEMU's own, never a memory backend, never left out. */
function isRom(idstr: string): boolean {
  return (
    /^\/rom@|^(?:pc|isa-bios|pc-sysfw)\.|^system\.flash|\.(?:vram|rom|bios|flash\d)$|^(?:etc|genroms)\//.test(idstr) &&
    idstr !== 'pc.ram'
  );
}

/** What can be said of a block list as it is read. */
export function checkBlockList(event: BlockList, before: readonly RamBlockEntry[]): Finding[] {
  const findings: Finding[] = [];
  const at = { offset: event.span.start, path: PATH };
  if (event.total === 0) findings.push(finding('no-ram-blocks', { text: 'the block list is empty', ...at }));
  const names = new Set(before.map((block) => block.idstr));
  for (const block of event.blocks) {
    if (names.has(block.idstr))
      findings.push(finding('duplicate-block', { text: `block ${quote(block.idstr)} is listed twice`, ...at }));
    names.add(block.idstr);
    // A list stops behind each header, for the pages.
    findings.push(...checkMapped(block, event.targetPageSize, event.span.end + (event.mappedBase ?? 0)));
  }
  return findings;
}

/** QEMU: parse_ramblock_mapped_ram(), migration/ram.c. */
function checkMapped(block: RamBlockEntry, targetPageSize: number, headerEnd: number): Finding[] {
  const { mapped } = block;
  if (mapped === undefined || (mapped.pagesOffset === 0 && mapped.bitmapOffset === 0)) return [];
  const path = [...PATH, block.idstr];
  const wrong = [
    mapped.version > 1 ? `version ${mapped.version}` : undefined,
    mapped.pageSize !== targetPageSize
      ? `page size ${mapped.pageSize}, and the target's is ${targetPageSize}`
      : undefined,
    mapped.pagesOffset % targetPageSize !== 0 ? `pages at ${hex(mapped.pagesOffset)}, between two pages` : undefined,
  ].filter((text) => text !== undefined);
  if (wrong.length > 0)
    return [
      finding('mapped-header', { text: `mapped-ram header of ${quote(block.idstr)}: ${wrong.join(', ')}`, path }),
    ];
  if (mapped.bitmapOffset === headerEnd) return [];
  return [
    finding('mapped-bitmap', {
      text: `bitmap of ${quote(block.idstr)} at ${hex(mapped.bitmapOffset)}, its header ends at ${hex(headerEnd)}`,
      path,
    }),
  ];
}

/** A mapped-ram stream without the END of "ram": QEMU writes the bitmaps there. QEMU: ram_save_complete(). */
export function checkUnfinished({ blocks }: Inspection): Finding[] {
  const mapped = blocks.filter((block) => block.mapped !== undefined && block.ignored !== true);
  if (mapped.length === 0) return [];
  const empty = mapped.every((block) => block.sent.page === 0);
  const bits = empty ? 'the bitmaps have no bit set' : 'the bitmaps are of an earlier save';
  return [finding('mapped-unfinished', { text: `the END of "ram" is missing, and ${bits}`, path: PATH })];
}

/** What only the whole stream shows. `listed`: a block list came. */
export function checkMemory(
  inspection: Inspection,
  facts: {
    readonly sections: number;
    readonly ram: boolean;
    readonly flushes: boolean;
    readonly postcopy: boolean;
    readonly hinting: boolean;
    /** What virtio-mem devices say of their blocks. */
    readonly plugged: readonly PluggedMemory[];
  },
): Finding[] {
  const { blocks } = inspection;
  if (!facts.ram) {
    // xen-save-devices-state: no configuration, devices only.
    if (inspection.configuration === undefined && facts.sections > 0)
      return [finding('devices-only', { text: 'device state alone: no guest memory is in this stream' })];
    return [finding('no-ram', { text: 'there is no ram section' })];
  }
  if (blocks.length === 0) return [];
  const findings: Finding[] = [];
  if (blocks.every((block) => isRom(block.idstr))) {
    findings.push(
      finding('no-main-memory', {
        text: `only ${blocks.map((block) => quote(block.idstr)).join(', ')} ${blocks.length === 1 ? 'is' : 'are'} listed`,
        path: PATH,
      }),
    );
  }
  for (const block of blocks) {
    if (block.ignored === true && block.ignoredHow === 'ignored-byte' && recordsOf(block) > 0) {
      findings.push(
        finding('pages-of-ignored-block', {
          text: `${quote(block.idstr)} is marked as left out, and ${recordsOf(block)} page records of it came`,
          path: [...PATH, block.idstr],
        }),
      );
    }
    if (block.sent.filled > 0) {
      findings.push(
        finding('zero-fill', {
          text: `${block.sent.filled} zero pages of ${quote(block.idstr)} with a fill byte other than 0`,
          path: [...PATH, block.idstr],
        }),
      );
    }
  }
  return [...findings, ...checkHoles(inspection, facts)];
}

function recordsOf(block: BlockRow): number {
  const { zero, page, xbzrle, compressed } = block.sent;
  return zero + page + xbzrle + compressed;
}

function checkHoles(
  inspection: Inspection,
  facts: {
    readonly flushes: boolean;
    readonly postcopy: boolean;
    readonly hinting: boolean;
    readonly plugged: readonly PluggedMemory[];
  },
): Finding[] {
  const { blocks } = inspection;
  const mapped = blocks.some((block) => block.mapped !== undefined);
  const left = blocks.filter((block) => block.ignored === true && block.sent.absent === block.pages);
  const unplugged = (block: BlockRow): boolean => allUnplugged(block, inspection, facts.plugged);
  const holes = mapped
    ? []
    : blocks.filter((block) => block.ignored !== true && (block.sent.absent ?? 0) > 0 && !unplugged(block));
  const shared = inspection.dialect.layout?.value.toString().startsWith('ignore-shared') === true;
  const roms = left.filter((block) => block.ignoredHow === 'no-pages' && isRom(block.idstr));
  const normal = blocks.reduce((sum, block) => sum + block.sent.page + block.sent.xbzrle + block.sent.compressed, 0);
  const zeros = blocks.reduce((sum, block) => sum + block.sent.zero, 0);
  const missing = [...holes, ...roms];
  const findings: Finding[] = [];
  if (missing.length > 0 && (facts.postcopy || (normal === 0 && (facts.flushes || zeros > 0)))) {
    const text = `pages of ${listed(missing)} are not in this file, ${facts.postcopy ? 'and it went over to postcopy' : 'which has no page but zero pages'}`;
    findings.push(finding('pages-elsewhere', { text, path: PATH }));
  } else if (missing.length > 0 && normal + zeros === 0 && !shared) {
    findings.push(
      finding('ram-never-sent', { text: `${blocks.length} blocks are listed, and no page of any came`, path: PATH }),
    );
  } else {
    for (const block of missing) findings.push(hole(block, blocks.indexOf(block), inspection, facts));
  }
  const outside = left.filter((block) => !roms.includes(block));
  if (outside.length > 0) findings.push(outsideFinding(outside, inspection));
  return findings;
}

function listed(blocks: readonly BlockRow[]): string {
  return blocks.map((block) => quote(block.idstr)).join(', ');
}

/** Every page that never came belongs to memory that is not plugged in. */
function allUnplugged(block: BlockRow, inspection: Inspection, plugged: readonly PluggedMemory[]): boolean {
  const device = deviceOf(plugged, block);
  return device !== undefined && pluggedRanges(device, block, inspection)?.length === 0;
}

function pluggedRanges(
  device: PluggedMemory,
  block: BlockRow,
  inspection: Inspection,
): readonly PageRange[] | undefined {
  const pageSize = Number(inspection.dialect.targetPageSize?.value ?? 4096);
  return pluggedHoles(device, inspection.pageIndex, inspection.blocks.indexOf(block), block.pages, pageSize);
}

function hole(
  block: BlockRow,
  index: number,
  inspection: Inspection,
  { hinting, plugged }: { readonly hinting: boolean; readonly plugged: readonly PluggedMemory[] },
): Finding {
  const path = [...PATH, block.idstr];
  const device = deviceOf(plugged, block);
  if (device === undefined && block.sent.absent === block.pages) {
    return finding('block-never-sent', {
      text: `no page of ${quote(block.idstr)} (${hex(block.usedLength)} bytes) came`,
      path,
    });
  }
  const pageSize = Number(inspection.dialect.targetPageSize?.value ?? 4096);
  const holes = device === undefined ? undefined : pluggedRanges(device, block, inspection);
  const ranges = holes ?? inspection.pageIndex.absent(index, block.pages, MAX_RANGES + 1) ?? [];
  const absent = holes?.reduce((sum, { count }) => sum + count, 0) ?? block.sent.absent;
  const names = ranges
    .slice(0, MAX_RANGES)
    .map(({ first, count }) => `${hex(first * pageSize)}-${hex((first + count) * pageSize)}`);
  const more = ranges.length > MAX_RANGES ? ' …' : '';
  return finding('pages-missing', {
    text: `${absent} of ${block.pages} pages of ${quote(block.idstr)} never came${device === undefined ? '' : ', though virtio-mem has them plugged in'}: ${names.join(', ')}${more}`,
    path,
    // The state of virtio-mem says that these must be there.
    ...(hinting && device === undefined
      ? {
          severity: 'warning' as const,
          cure: 'the guest has a balloon or virtio-mem, which let pages be left out: if that is why, none needed',
        }
      : {}),
  });
}

/** Older releases left out all shared memory, newer ones only what has a name. QEMU: migrate_ram_is_ignored(). */
function outsideFinding(blocks: readonly BlockRow[], inspection: Inspection): Finding {
  const { since } = inspection.producer;
  const named = since !== undefined && behaves(since, 'only-named-memory-ignored');
  const size = blocks.reduce((sum, block) => sum + block.usedLength, 0);
  const text = `${hex(size)} bytes of memory are not in the stream: ${listed(blocks)}`;
  if (named) return finding('memory-outside', { text, path: PATH });
  return finding('memory-outside', {
    text: `${text}; QEMU 4.0 to 8.0 leave out memfd and (7.2) ram backends with share=on as well, and then their contents are lost`,
    path: PATH,
    severity: 'warning',
  });
}
