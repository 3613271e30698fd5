// Buffers whose bytes have a meaning each: rings of scan codes, indexed registers, samples and packets on their way.
// They become arrays of bytes, so that one can be named and changed. QEMU: the devices' own vmstate tables, named at
// each rule. Buffers that hold structures of QEMU's memory stay opaque. May import vmstate's schema and nodes.

import type { FieldNode } from '../node.js';
import { bytesOfArray, macText } from './address.js';
import { field, table, type Decoder, type Layout, type LayoutRule, type Meaning, type MeaningRule } from './rule.js';

const bytes: Layout = ({ bytes: all }) => ({ type: 'uint8', size: 1, count: all.length });

/** Table, fields. */
const byteArrays: readonly (readonly [string, readonly string[]])[] = [
  // hw/input/ps2.c: a ring of scan codes or movements; rptr, wptr and count stand beside it.
  ['PS2 Common State', ['queue.data']],
  // hw/display/vga.c: registers by their VGA index.
  ['vga', ['sr', 'gr', 'ar', 'cr', 'dac_cache', 'palette']],
  // hw/audio/hda-codec.c: a ring of samples in the stream's format.
  ['hda-audio-stream', ['compat_buf']],
  ['hda-audio-stream/buffer', ['buf']],
  // hw/net/e1000.c: the packet that is being put together.
  ['e1000', ['tx.header', 'tx.data']],
  // hw/net/rtl8139.c, eepro100.c: station address and multicast hash.
  ['rtl8139', ['phys', 'mult', 'conf.macaddr']],
  ['i82559er', ['mult', 'conf.macaddr', 'configuration']],
  ['i82559c', ['mult', 'conf.macaddr', 'configuration']],
  // hw/net/pcnet.c: the address PROM, the packet that is being put together.
  ['pcnet', ['prom', 'buffer']],
  // hw/audio/sb16.c, ac97.c: mixer registers by index.
  ['sb16', ['csp_regs', 'csp_reg83', 'in2_data', 'out_data', 'mixer_regs']],
  ['ac97', ['mixer_data']],
  // hw/scsi/lsi53c895a.c: memory for scripts that the guest wrote.
  ['lsiscsi', ['msg', 'scratch', 'script_ram']],
];

const layouts: readonly LayoutRule[] = [
  ...byteArrays.flatMap(([vmsd, fields]) => fields.map((name) => ({ vmsd, field: name, layout: bytes }))),
  // hw/scsi/scsi-bus.c: a mark before each request in flight, 0 at the end.
  {
    type: 'scsi-requests',
    layout: ({ bytes: all }) => (all.length === 1 && all[0] === 0 ? table('scsi requests', [field('end', 'int8', 1)]) : undefined),
  },
  // hw/display/virtio-gpu.c: resources up to a resource id of 0, then the outputs.
  {
    type: 'virtio-gpu',
    layout: ({ view, bytes: all }) => {
      const outputs = view.getUint32(8);
      if (view.getUint32(0) !== 0 || outputs === 0 || 12 + outputs * 40 !== all.length) return undefined;
      const names = ['resource_id', 'width', 'height', 'x', 'y', 'cursor.resource_id', 'cursor.hot_x', 'cursor.hot_y', 'cursor.pos.x', 'cursor.pos.y'];
      const output = table('virtio-gpu-scanout', names.map((name) => field(name, name === 'x' || name === 'y' ? 'int32' : 'uint32', 4)));
      return table('virtio-gpu', [
        field('resources_end', 'uint32', 4),
        field('enable', 'int32', 4),
        field('conf.max_outputs', 'uint32 equal', 4),
        { ...field('scanout', 'struct', 40), count: outputs, struct: output },
      ]);
    },
  },
];

function mac(node: FieldNode, index: number | undefined): Meaning | undefined {
  const all = index === undefined ? bytesOfArray(node) : undefined;
  return all !== undefined && all.length >= 6 ? { label: 'MAC', text: macText(all.subarray(0, 6)) } : undefined;
}

/** Intel cards keep the address in two registers, low byte first: RAL0 and RAH0, at word `first`. */
const receiveAddress =
  (first: number) =>
  (node: FieldNode, index: number | undefined): Meaning | undefined => {
    if (index !== undefined) return index === first ? { label: 'RAL0' } : index === first + 1 ? { label: 'RAH0' } : undefined;
    const all = node.bytes.subarray(first * 4, first * 4 + 8);
    if (all.length < 8) return undefined;
    const order = [3, 2, 1, 0, 7, 6].map((at) => all[at]!);
    return { label: 'MAC', text: macText(Uint8Array.from(order)) };
  };

const meanings: readonly MeaningRule[] = [
  ...['rtl8139', 'i82559er', 'i82559c'].map((vmsd) => ({ vmsd, field: 'conf.macaddr', meaning: mac })),
  { vmsd: 'pcnet', field: 'prom', meaning: mac },
  { vmsd: 'e1000e', field: 'core.permanent_mac', meaning: mac },
  { vmsd: 'e1000e', field: 'core.mac', meaning: receiveAddress(0x5400 / 4) },
  { vmsd: 'e1000', field: 'mac_reg[0]', meaning: receiveAddress(0) },
  { vmsd: 'e1000/full_mac_state', field: 'mac_reg', meaning: receiveAddress(0x5400 / 4) },
];

export const buffers: Decoder = { layouts, meanings };
