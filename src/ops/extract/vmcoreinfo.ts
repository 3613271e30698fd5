// The guest kernel's note about itself (VMCOREINFO): from the place that the device vmcoreinfo states, else found in
// memory, where Linux keeps it at the start of a page. QEMU: dump_init(), dump/dump.c; vmcoreinfo_realize(),
// hw/misc/vmcoreinfo.c. Linux: crash_save_vmcoreinfo_init().

import { equalBytes, latin1Bytes } from '../../base/bytes.js';
import { roundUp } from '../../base/units.js';
import { deviceNamed, integerAt } from '../../memory/registers.js';
import { rangeIndex, type PhysicalMap } from '../../memory/physical-map.js';
import { PhysicalReader } from '../../memory/physical-reader.js';
import type { Guest } from '../guest/guest.js';

/** QEMU: MAX_GUEST_NOTE_SIZE, dump/dump.c. */
const MAX_NOTE = 1024 * 1024;
const FORMAT_ELF = 1n;
const HEADER = 12;
const NAME = latin1Bytes('VMCOREINFO\0\0');
const TEXT = latin1Bytes('OSRELEASE=');
const PIECE = 1024 * 1024;

/** The note, whole; undefined: the guest has none. @throws MigrationStreamError as GuestBlocks.read */
export async function vmcoreinfoNote(guest: Guest, map: PhysicalMap): Promise<Uint8Array | undefined> {
  const reader = new PhysicalReader(guest.memory, map.ranges);
  const device = deviceNamed(guest.devices, 'vmcoreinfo');
  if (device !== undefined) {
    const [format, size, address] = ['guest_format', 'size', 'paddr'].map((name) =>
      integerAt(device, `vmcoreinfo.${name}`),
    );
    if (format !== FORMAT_ELF || size === undefined || address === undefined || address > Number.MAX_SAFE_INTEGER)
      return undefined;
    return noteAt(reader, Number(address), Number(size));
  }
  return findNote(guest, map, reader);
}

/** `room`: bytes that the guest gave it. */
async function noteAt(reader: PhysicalReader, address: number, room: number): Promise<Uint8Array | undefined> {
  if (room < HEADER || room > MAX_NOTE) return undefined;
  const head = new Uint8Array(HEADER);
  if (!(await reader.read(address, head))) return undefined;
  const view = new DataView(head.buffer);
  const size = HEADER + roundUp(view.getUint32(0, true), 4) + roundUp(view.getUint32(4, true), 4);
  if (size > room) return undefined;
  const note = new Uint8Array(size);
  return (await reader.read(address, note)) ? note : undefined;
}

/** Reads every page that is not zero, until a page begins with the head of the note. */
async function findNote(
  { memory }: Guest,
  { ranges }: PhysicalMap,
  reader: PhysicalReader,
): Promise<Uint8Array | undefined> {
  const piece = new Uint8Array(PIECE);
  for (const { start, end, block, offset } of ranges) {
    const base = offset - start;
    for (let at = start; at < end;) {
      const zeros = memory.zerosAt(block, base + at, end - at);
      if (zeros > 0) {
        at += zeros;
        continue;
      }
      const bytes = piece.subarray(0, Math.min(PIECE, end - at));
      await memory.read(block, base + at, bytes);
      for (let page = (4096 - (at % 4096)) % 4096; page + 64 <= bytes.length; page += 4096) {
        if (bytes[page] !== 11 || !isNote(bytes.subarray(page, page + 64))) continue;
        const note = await noteAt(
          reader,
          at + page,
          Math.min(MAX_NOTE, ranges[rangeIndex(ranges, at + page)]!.end - at - page),
        );
        if (note !== undefined) return note;
      }
      at += bytes.length;
    }
  }
  return undefined;
}

/** The text in a note of that name: its place in the note, its size in bytes. */
export function noteText(
  note: Uint8Array,
): { readonly at: number; readonly size: number; readonly text: string } | undefined {
  const view = new DataView(note.buffer, note.byteOffset, note.length);
  const nameSize = view.getUint32(0, true);
  if (nameSize !== NAME.length - 1 || !equalBytes(note.subarray(HEADER, HEADER + NAME.length), NAME)) return undefined;
  const [at, size] = [HEADER + roundUp(nameSize, 4), view.getUint32(4, true)];
  return { at, size, text: new TextDecoder('latin1').decode(note.subarray(at, at + size)) };
}

function isNote(head: Uint8Array): boolean {
  return (
    head[1] === 0 &&
    equalBytes(head.subarray(HEADER, HEADER + NAME.length), NAME) &&
    equalBytes(head.subarray(HEADER + NAME.length, HEADER + NAME.length + TEXT.length), TEXT)
  );
}
