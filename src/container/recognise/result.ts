// What a look at the first bytes of an input can say, and the commands that its hints are made of.

import type { Hint } from '../../base/hint.js';

/** Enough for everything but a stream further in. */
export const HEAD_SIZE = 4096;
/** `file:…,offset=1M` is what people choose: a stream's header is looked for up to there. */
export const LOOK = 1024 * 1024 + 8;

export const recognisedKinds = [
  'migration-stream',
  'empty',
  'libvirt-save',
  'qcow2',
  'cpr-state',
  'multifd-channel',
  'gzip',
  'zstd',
  'xz',
  'bzip2',
  'lzop',
  'lz4',
  'lzma',
  'elf',
  'kdump',
  'lime',
  'android-ram',
  'tar',
  'vma',
  'json',
  'text',
  'memory',
  'zeros',
  'embedded-stream',
  'unknown',
] as const;

export type RecognisedKind = (typeof recognisedKinds)[number];

export interface Recognised {
  readonly kind: RecognisedKind;
  /** With its article: "a libvirt save image". */
  readonly title: string;
  /** What else the bytes say: "version 2, gzip"; may be empty. */
  readonly detail: string;
  /** What to run or do next; undefined where there is nothing better than to look for the right file. */
  readonly hint: Hint | undefined;
  /** `embedded-stream`: where the stream begins in this file, bytes. */
  readonly streamAt?: number;
}

/** The first bytes of an input. */
export interface Head {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Of the file, for hints; undefined: standard input. */
  readonly path: string | undefined;
  /** Of the whole input, bytes, where it is known. */
  readonly size: number | undefined;
}

export function headOf(bytes: Uint8Array, path: string | undefined, size: number | undefined): Head {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), path, size };
}

/** Does `text` (one character a byte) stand at `at`? */
export function stands({ bytes }: Head, text: string, at = 0): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** What a bare stream is. */
export const MIGRATION_STREAM: Recognised = {
  kind: 'migration-stream',
  title: 'a migration stream',
  detail: '',
  hint: undefined,
};

/** Does a migration stream begin here? */
export function isStream(head: Head): boolean {
  return stands(head, 'QEVM');
}
