// Section headers and footers, subsection and file headers, commands: records of plain fields.
import fc from 'fast-check';
import type { Codec } from '../../../src/wire/kit/codec.js';
import { commandHeader } from '../../../src/wire/command.js';
import { fileHeader } from '../../../src/wire/file-header.js';
import { mappedRamHeader } from '../../../src/wire/mapped-ram.js';
import { sectionFooter, sectionHeader, sectionHeaderShort } from '../../../src/wire/section.js';
import { subsectionHeader } from '../../../src/wire/subsection.js';
import { latin1, record, u16, u32, u53, u8 } from './primitives.js';

export interface CodecCase<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly value: fc.Arbitrary<T>;
}

const one = <T>(name: string, codec: Codec<T>, value: fc.Arbitrary<T>): CodecCase<T> => ({ name, codec, value });

export const sectionHeaders = record({ sectionId: u32, idstr: latin1(255), instanceId: u32, versionId: u32 });

/** Every record that is a fixed list of fields. */
export const fieldRecords = [
  one('file header', fileHeader, record({ magic: u32, version: u32 })),
  one('section header', sectionHeader, sectionHeaders),
  one('short section header', sectionHeaderShort, record({ sectionId: u32 })),
  one('section footer', sectionFooter, record({ mark: u8, sectionId: u32 })),
  one('subsection header', subsectionHeader, record({ mark: u8, name: latin1(255), version: u32 })),
  one('command', commandHeader, record({ command: u16, length: u16 })),
  one(
    'mapped-ram header',
    mappedRamHeader,
    record({ version: u32, pageSize: u53, bitmapOffset: u53, pagesOffset: u53 }),
  ),
] as const;
