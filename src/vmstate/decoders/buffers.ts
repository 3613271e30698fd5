// Fields that hold structures: SCSI requests in flight, resources of virtio-gpu; and the addresses of network cards,
// wherever they are kept. Buffers that hold structures of QEMU's memory stay opaque.

import type { FieldNode } from '../node.js';
import { bytesOfArray, macText } from './address.js';
import {
  field,
  structs,
  table,
  unused,
  type Decoder,
  type LayoutRule,
  type Meaning,
  type MeaningRule,
} from './rule.js';

const layouts: readonly LayoutRule[] = [
  // hw/scsi/scsi-bus.c: a mark before each request in flight, 0 at the end.
  {
    type: 'scsi-requests',
    layout: ({ bytes: all }) =>
      all.length === 1 && all[0] === 0 ? table('scsi requests', [field('end', 'int8', 1)]) : undefined,
  },
  // hw/display/virtio-gpu.c: resources up to a resource id of 0, then the outputs.
  {
    type: 'virtio-gpu',
    layout: ({ view, bytes: all }) => {
      const outputs = view.getUint32(8);
      const size = (all.length - 12) / outputs;
      // Since 9.1 the frame buffer's geometry stands behind each output.
      if (view.getUint32(0) !== 0 || (size !== 40 && size !== 64)) return undefined;
      const names = [
        'resource_id',
        'width',
        'height',
        'x',
        'y',
        'cursor.resource_id',
        'cursor.hot_x',
        'cursor.hot_y',
        'cursor.pos.x',
        'cursor.pos.y',
      ];
      const frame =
        size === 40
          ? []
          : [
              field('fb.format', 'uint32', 4),
              unused('unused', 4),
              ...['width', 'height', 'stride', 'offset'].map((name) => field(`fb.${name}`, 'uint32', 4)),
            ];
      const output = table('virtio-gpu-scanout', [
        ...names.map((name) => field(name, name === 'x' || name === 'y' ? 'int32' : 'uint32', 4)),
        ...frame,
      ]);
      return table('virtio-gpu', [
        field('resources_end', 'uint32', 4),
        field('enable', 'int32', 4),
        field('conf.max_outputs', 'uint32 equal', 4),
        structs('scanout', output, size, outputs),
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
    if (index !== undefined)
      return index === first ? { label: 'RAL0' } : index === first + 1 ? { label: 'RAH0' } : undefined;
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
