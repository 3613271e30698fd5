// What s390x writes by hand: the keys of its pages and its clock. QEMU: hw/s390x/s390-skeys.c, hw/s390x/tod.c; framing
// reads the same (wire/s390-skeys.ts, wire/todclock.ts).

import { MAX_STORAGE_KEY_CHUNKS } from '../../limits.js';
import { SKEYS_IDSTR, skeysFlag } from '../../wire/s390-skeys.js';
import { TODCLOCK_IDSTR } from '../../wire/todclock.js';
import type { FieldSchema } from '../schema.js';
import { array, field, structs, table, type Decoder, type Layout } from './rule.js';

/** Runs of keys behind their address, until a word that ends them. The low bits of the words are flags. */
const storageKeys: Layout = ({ view, bytes }) => {
  const fields: FieldSchema[] = [];
  let at = 0;
  while ((view.getUint32(at + 4) & 0xfff) === skeysFlag.skeys) {
    const count = Number(view.getBigUint64(at + 8));
    const size = 16 + count;
    if (count === 0 || at + size > bytes.length || fields.length === MAX_STORAGE_KEY_CHUNKS) return undefined;
    fields.push(
      structs(
        'chunk',
        table('storage keys', [
          field('start', 'uint64', 8),
          field('count', 'uint64', 8),
          array('keys', 'uint8', 1, count),
        ]),
        size,
        1,
      ),
    );
    at += size;
  }
  return table('s390-skeys', [...fields, field('end', 'uint64', 8)]);
};

/** 72 bits, when the clock could be read. */
const clock: Layout = ({ bytes }) => {
  const value = bytes[0] === 0 ? [] : [field('high', 'uint8', 1), field('low', 'uint64', 8)];
  return table('todclock', [field('present', 'bool', 1), ...value]);
};

/** A channel path of a channel subsystem image, 256 in each. QEMU: vmstate_chp_info and vmstate_css_img, hw/s390x/css.c. */
const path = table('s390_chp_info', [
  field('in_use', 'uint8', 1),
  field('type', 'uint8', 1),
  field('is_virtual', 'uint8', 1),
]);

export const s390: Decoder = {
  pointed: [{ vmsd: 's390_css', field: 'css', table: table('s390_css_img', [structs('chpids', path, 3, 256)]) }],
  layouts: [
    { oldStyle: SKEYS_IDSTR, layout: storageKeys },
    { oldStyle: TODCLOCK_IDSTR, layout: clock },
  ],
};
