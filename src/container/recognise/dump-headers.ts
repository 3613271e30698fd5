// Headers of memory dumps, as far as recognition reads them. ELF: Elf64_Ehdr, elf.h (the same for 32 bits). LiME:
// lime_mem_range_header, src/lime.h of LiME.

import { bytes, foreign, text, u16, u32 } from '../../wire/kit/foreign.js';

const elfFields = { ident: bytes(16), type: u16 };

export const ELF_MAGIC = '\x7fELF';
/** Place of EI_DATA; 2 is ELFDATA2MSB, big-endian. */
export const ELF_DATA_AT = 5;
export const elfLittle = foreign('ELF header', 'elfLittle', elfFields, true);
export const elfBig = foreign('ELF header', 'elfBig', elfFields);

export const LIME_MAGIC = 'EMiL';
export const limeHeader = foreign('LiME header', 'limeHeader', { magic: text(4), version: u32 }, true);
