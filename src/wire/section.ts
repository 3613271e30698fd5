// The frame of a section: type byte, header, footer. The frame does not contain the length of the payload. QEMU:
// save_section_header() and save_section_footer(), migration/savevm.c.

import { be32, counted, u8, type ValueOf } from './kit/codec.js';
import { record } from './kit/record.js';

/** The first byte of every top-level item. QEMU: QEMU_VM_* in migration/savevm.h. */
export const sectionType = {
  eof: 0x00,
  start: 0x01,
  part: 0x02,
  end: 0x03,
  full: 0x04,
  subsection: 0x05,
  vmdescription: 0x06,
  configuration: 0x07,
  command: 0x08,
  footer: 0x7e,
} as const;

export type SectionKind = 'start' | 'part' | 'end' | 'full';

/** Comes after the type byte of START and FULL. Ids are arbitrary; (idstr, instance_id) names the device. */
export const sectionHeader = record('section header', {
  sectionId: be32,
  idstr: counted,
  instanceId: be32,
  versionId: be32,
});

export type SectionHeader = ValueOf<typeof sectionHeader>;

/** The name of a device as a key for maps. */
export function deviceKey(idstr: string, instanceId: number): string {
  return `${instanceId}/${idstr}`;
}

/** Comes after the type byte of PART and END. */
export const sectionHeaderShort = record('section header', { sectionId: be32 });

/** Since QEMU 2.4, unless `migration.send-section-footer=off` (machine types up to 2.3). */
export const sectionFooter = record('section footer', { mark: u8, sectionId: be32 });

export const SECTION_FOOTER_SIZE = sectionFooter.maxSize;
