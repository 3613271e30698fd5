// What people feed to mstream that holds no stream itself: side channels, compressed streams, dumps, memory, text.

import { uuidText } from '../../base/uuid.js';
import type { Hint } from '../../base/hint.js';
import { quote } from '../../base/quote.js';
import { latin1, Window } from '../../bytes/window.js';
import { MULTIFD_MAGIC, MULTIFD_VERSION, multifdInitial } from '../../wire/multifd-initial.js';
import { compressionOf } from '../compression/magic.js';
import { ELF_DATA_AT, ELF_MAGIC, elfBig, elfLittle, LIME_MAGIC, limeHeader } from './dump-headers.js';
import { stands, type Head, type Recognised } from './result.js';

/** QEMU: QEMU_CPR_FILE_MAGIC, migration/cpr.c (since 10.0). */
export function recogniseCprState(head: Head): Recognised | undefined {
  if (!stands(head, 'QCPR')) return undefined;
  const detail = head.bytes.length < 8 ? '' : `version ${head.view.getUint32(4)}`;
  const hint: Hint = { code: 'cpr-state' };
  return { kind: 'cpr-state', title: 'a CPR state', detail, hint };
}

export function recogniseMultifd(head: Head): Recognised | undefined {
  if (head.bytes.length < 8 || head.view.getUint32(0) !== MULTIFD_MAGIC) return undefined;
  const kind = 'multifd-channel';
  const title = 'a multifd channel';
  const hint: Hint = { code: 'channel-of-pages' };
  const version = head.view.getUint32(4);
  if (version !== MULTIFD_VERSION) return { kind, title, detail: `version ${version}`, hint };
  if (head.bytes.length < multifdInitial.maxSize)
    return { kind, title, detail: 'cut off inside its first packet', hint };
  const { id, uuid } = multifdInitial.decode(Window.over(head.bytes.subarray(0, multifdInitial.maxSize)));
  return {
    kind,
    title,
    detail: uuid.every((byte) => byte === 0) ? `channel ${id}` : `channel ${id}, VM ${uuidText(uuid)}`,
    hint,
  };
}

export function recognisePacked(head: Head): Recognised | undefined {
  const kind = compressionOf(head);
  if (kind === undefined) return undefined;
  return { kind, title: `${kind} data`, detail: '', hint: undefined };
}

const elfTypes: Readonly<Record<number, string>> = {
  1: 'object file',
  2: 'program',
  3: 'program or library',
  4: 'core dump',
};

export function recogniseDump(head: Head): Recognised | undefined {
  const memory: Hint = { code: 'memory-only' };
  if (stands(head, 'KDUMP   ') || stands(head, 'makedumpfile')) {
    return { kind: 'kdump', title: 'a kdump of guest memory', detail: '', hint: memory };
  }
  if (stands(head, LIME_MAGIC) && head.bytes.length >= limeHeader.maxSize) {
    const { version } = limeHeader.decode(Window.over(head.bytes));
    const detail = version === 2 ? 'AVML, version 2' : `version ${version}`;
    return { kind: 'lime', title: 'a LiME dump of guest memory', detail, hint: memory };
  }
  if (!stands(head, ELF_MAGIC)) return undefined;
  const elf = head.bytes[ELF_DATA_AT] === 2 ? elfBig : elfLittle;
  const type = head.bytes.length < elf.maxSize ? 0 : elf.decode(Window.over(head.bytes)).type;
  const detail = elfTypes[type] ?? '';
  return {
    kind: 'elf',
    title: 'an ELF file',
    detail,
    hint: type === 4 ? { code: 'memory-dump' } : undefined,
  };
}

/** Archives and backups. Proxmox: vma_spec.txt; Android: RamSaver::writeIndex(), android/emu. */
export function recogniseArchive(head: Head): Recognised | undefined {
  if (stands(head, 'ustar', 257))
    return {
      kind: 'tar',
      title: 'a tar archive',
      detail: '',
      hint: { code: 'name-member' },
    };
  if (stands(head, 'VMA\0'))
    return {
      kind: 'vma',
      title: 'a Proxmox backup (vzdump)',
      detail: '',
      hint: { code: 'proxmox-backup' },
    };
  if (stands(head, '\x5d\0\0') && head.bytes.length >= 13)
    return {
      kind: 'lzma',
      title: 'lzma data, by the looks of it',
      detail: '',
      hint: { code: 'feed-lzma', file: head.path },
    };
  return undefined;
}

/**
 * ram.bin of an Android emulator's snapshot. The index is far behind, so the name or a look there decides: the first 8
 * bytes are the index's offset, the data begin at once. Its version is not in reach of the first bytes.
 */
export function recogniseAndroid(head: Head): Recognised | undefined {
  if (head.path === undefined || !/(^|[/\\])ram\.bin$/.test(head.path) || head.bytes.length < 16) return undefined;
  const index = head.view.getBigUint64(0);
  if (index < 8n || (head.size !== undefined && index >= BigInt(head.size))) return undefined;
  return {
    kind: 'android-ram',
    title: 'guest memory of an Android emulator’s snapshot',
    detail: `its index at 0x${index.toString(16)}`,
    hint: { code: 'android-snapshot' },
  };
}

/** As many of the first interrupt vectors as must point into a PC's firmware. */
const VECTORS = 16;

/** RAM of a PC begins with real-mode vectors: offset and segment, the segment 0xf000 (BIOS) or 0xc000 (video). */
export function recogniseMemory(head: Head): Recognised | undefined {
  if (head.bytes.length < 4 * VECTORS) return undefined;
  for (let at = 2; at < 4 * VECTORS; at += 4) {
    const segment = head.view.getUint16(at, true);
    if (segment !== 0xf000 && segment !== 0xc000) return undefined;
  }
  return {
    kind: 'memory',
    title: 'guest memory, by the looks of it',
    detail: 'a PC’s interrupt vectors come first',
    hint: memoryHint,
  };
}

const memoryHint: Hint = { code: 'memory-file' };

export function recogniseZeros(head: Head): Recognised | undefined {
  if (!head.bytes.every((byte) => byte === 0)) return undefined;
  const whole = head.size === head.bytes.length;
  const detail = whole ? `${head.bytes.length} bytes` : `the first ${head.bytes.length} bytes`;
  return {
    kind: 'zeros',
    title: 'nothing but zeros',
    detail,
    hint: whole ? { code: 'preallocated' } : memoryHint,
  };
}

export function recogniseText(head: Head): Recognised | undefined {
  const sample = head.bytes.subarray(0, 512);
  if (!sample.every((byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte !== 0x7f)))
    return undefined;
  const text = latin1(head.bytes, 0, sample.length).trimStart();
  const line = /^[^\r\n]{0,60}/.exec(text)?.[0] ?? '';
  if (/^[[{]/.test(text)) return recogniseJson(head, text);
  if (/^<\?xml|^<domain/.test(text)) {
    return {
      kind: 'text',
      title: 'XML text',
      detail: '',
      hint: { code: 'domain-xml' },
    };
  }
  // The output of a QEMU that would not start is a favourite.
  const hint: Hint | undefined = /qemu|kvm/i.test(line) ? { code: 'message-of-qemu' } : undefined;
  return { kind: 'text', title: 'text', detail: line === '' ? '' : `it begins ${quote(line)}`, hint };
}

function recogniseJson(head: Head, text: string): Recognised {
  if (/"(page_size|devices)"\s*:/.test(text)) {
    return {
      kind: 'json',
      title: 'JSON text',
      detail: 'a vmdescription',
      hint: { code: 'only-description' },
    };
  }
  const hint: Hint | undefined = text.includes('"schemaVersion"')
    ? { code: 'encode-document', file: head.path }
    : undefined;
  return { kind: 'json', title: 'JSON text', detail: '', hint };
}
