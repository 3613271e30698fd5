// virtio-gpu's resources and outputs. QEMU: virtio_gpu_save(), vmstate_virtio_gpu_scanouts, hw/display/virtio-gpu.c.

import { field, sizeOf, structs, table, u32, unused, type Layout } from '../rule.js';

const output = [
  u32('resource_id'),
  u32('width'),
  u32('height'),
  field('x', 'int32', 4),
  field('y', 'int32', 4),
  ...['resource_id', 'hot_x', 'hot_y', 'pos.x', 'pos.y'].map((name) => u32(`cursor.${name}`)),
];
/** Since 9.1 the geometry of the frame buffer stands behind each output. */
const outputWithFrame = [
  ...output,
  u32('fb.format'),
  unused('unused', 4),
  ...['width', 'height', 'stride', 'offset'].map((name) => u32(`fb.${name}`)),
];

/** Resources up to a resource id of 0, then the outputs; nothing is known about resources. */
export const gpuState: Layout = ({ view, bytes }) => {
  const outputs = view.getUint32(8);
  const size = (bytes.length - 12) / outputs;
  const fields = [output, outputWithFrame].find((known) => sizeOf(known) === size);
  if (view.getUint32(0) !== 0 || fields === undefined) return undefined;
  return table('virtio-gpu', [
    u32('resources_end'),
    field('enable', 'int32', 4),
    field('conf.max_outputs', 'uint32 equal', 4),
    structs('scanout', table('virtio-gpu-scanout', fields), size, outputs),
  ]);
};
