// Which format the stream of a libvirt save image really has. The header's format word can lie: an external snapshot
// with snapshot_image_format="sparse" writes 6 before a plain stream (libvirt 11.3), and libvirt looks at the word only
// in version 2. So the stream's magic and its capability list decide.

import { unlessBroken } from '../../base/errors.js';
import { Window } from '../../bytes/window.js';
import { capabilitiesOf, configurationSection } from '../../wire/configuration.js';
import { sectionType } from '../../wire/section.js';
import { compressionOf } from '../compression/magic.js';
import type { ContainerNote } from '../container.js';
import { headOf, isStream } from '../recognise/result.js';
import { LIBVIRT_VERSION, libvirtFormats, type LibvirtFormat, type LibvirtHeader } from './header.js';

/** File header and the type byte of the configuration section. */
const BEFORE_CONFIGURATION = 9;

/** Judged by the stream's first bytes; null: nothing known stands there. */
export function streamFormat(bytes: Uint8Array): LibvirtFormat | 'lz4' | null {
  const head = headOf(bytes, undefined, undefined);
  if (!isStream(head)) return compressionOf(head) ?? null;
  if (bytes[BEFORE_CONFIGURATION - 1] !== sectionType.configuration) return 'raw';
  const configuration = unlessBroken(() =>
    configurationSection.decode(Window.over(bytes.subarray(BEFORE_CONFIGURATION))),
  );
  return capabilitiesOf(configuration)?.includes('mapped-ram') === true ? 'sparse' : 'raw';
}

/** What the header says beside what the stream is. */
export function formatNotes(
  { version, format }: Pick<LibvirtHeader, 'version' | 'format'>,
  actual: ReturnType<typeof streamFormat>,
): ContainerNote[] {
  if (actual === null) return [];
  if (version !== LIBVIRT_VERSION) {
    const compressed = actual !== 'raw' && actual !== 'sparse';
    const message = `the stream is ${actual} data, which libvirt does not decompress in a version ${version} image`;
    return compressed ? [{ code: 'format-ignored', message }] : [];
  }
  const word = libvirtFormats[format];
  if (word === actual) return [];
  const said = word ?? `the unknown format ${format}`;
  return [
    {
      code: 'format-lies',
      message: `the header says ${said} and the stream is ${actual}: \`virsh restore\` fails or hangs; the stream counts here`,
    },
  ];
}
