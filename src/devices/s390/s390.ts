// What belongs to s390x machines: the keys of pages and the clock, which QEMU writes by hand and wire/ frames; channel
// paths, consoles, names, the boot block. From the z/Architecture; QEMU: hw/s390x/s390-skeys.c, tod.c, css.c,
// sclpcpi.c, ipl.c; hw/char/sclpconsole.c.

import { MAX_STORAGE_KEY_CHUNKS } from '../../limits.js';
import { SKEYS_IDSTR, skeysFlag } from '../../wire/s390-skeys.js';
import { TODCLOCK_IDSTR } from '../../wire/todclock.js';
import type { FieldSchema } from '../../vmstate/index.js';
import { filled } from '../bytes.js';
import { array, bool, structs, table, u64, u8, type ByteRow, type Decoder, type Layout } from '../rule.js';

/** Runs of keys behind their address, until a word that ends them. The low bits of the words are flags. */
const storageKeys: Layout = ({ view, bytes }) => {
  const fields: FieldSchema[] = [];
  let at = 0;
  while ((view.getUint32(at + 4) & 0xfff) === skeysFlag.skeys) {
    const count = Number(view.getBigUint64(at + 8));
    const size = 16 + count;
    if (count === 0 || at + size > bytes.length || fields.length === MAX_STORAGE_KEY_CHUNKS) return undefined;
    fields.push(
      structs('chunk', table('storage keys', [u64('start'), u64('count'), array('keys', 'uint8', 1, count)]), size, 1),
    );
    at += size;
  }
  return table('s390-skeys', [...fields, u64('end')]);
};

/** 72 bits, when the clock could be read. */
const clock: Layout = ({ bytes }) => {
  const value = bytes[0] === 0 ? [] : [u8('high'), u64('low')];
  return table('todclock', [bool('present'), ...value]);
};

/**
 * A channel path of a channel subsystem image, 256 in each. QEMU: vmstate_chp_info and vmstate_css_img, hw/s390x/css.c.
 */
const path = table('s390_chp_info', [u8('in_use'), u8('type'), u8('is_virtual')]);

/** Reserved by the architecture: the guest's firmware and QEMU leave it alone. */
const reserved = (vmsd: string, ...fields: readonly string[]): ByteRow[] =>
  fields.map((field) => ({ vmsd, field, label: 'reserved' }));

export const s390: Decoder = {
  bytes: [
    { vmsd: 's390_pmcw', field: 'chpid', label: 'channel paths', element: (index) => `path ${index}: its identifier` },
    { vmsd: 's390_schib', field: 'mda', label: 'model-dependent area' },
    { vmsd: 's390_subch_dev', field: 'sense_data', label: 'sense data' },
    {
      vmsd: 'storage keys',
      field: 'keys',
      label: 'access control, fetch protection, reference, change',
      element: (index) => `page ${index} of the run`,
    },
    // Typed by the operator; only the first `iov_bs` bytes have been written.
    { vmsd: 'sclpconsole', field: 'iov', label: 'typed', ...filled((sibling) => sibling('iov_bs')) },
    ...['system_type', 'system_name', 'sysplex_name'].map((field): ByteRow => ({
      vmsd: 's390_control_program_id',
      field,
      label: `${field.replace('_', ' ')}, in EBCDIC`,
    })),
    ...reserved('ipl/iplb', 'reserved1', 'reserved2'),
    ...reserved('ipl/iplb_extended', 'reserved_ext'),
  ],
  pointed: [{ vmsd: 's390_css', field: 'css', table: table('s390_css_img', [structs('chpids', path, 3, 256)]) }],
  layouts: [
    { oldStyle: SKEYS_IDSTR, layout: storageKeys },
    { oldStyle: TODCLOCK_IDSTR, layout: clock },
  ],
};
