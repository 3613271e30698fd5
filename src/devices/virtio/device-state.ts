// What each virtio device writes between the queues and the common subsections. Keyed by the name of the device's
// table. A state that does not come out exactly is given up. QEMU: virtio_blk_save_device(), hw/block/virtio-blk.c;
// virtio_serial_save_device(), hw/char/virtio-serial-bus.c; vmstate_virtio_balloon_device, hw/virtio/virtio-balloon.c;
// vmstate_virtio_mem_device, hw/virtio/virtio-mem.c.

import { vmsdSize, type VmsdSchema } from '../../vmstate/index.js';
import { array, bool, field, opaque, sizeOf, structs, table, u16, u32, u64, u8 } from '../rule.js';
import { netState } from './net.js';

/** `start` to `end` of virtio's bytes; `features`: the low word of those that the guest has taken. */
export type DeviceFields = (view: DataView, start: number, end: number, features: number) => VmsdSchema | undefined;

/** Undefined: the device is not known, or its state is not laid out like this. */
export function deviceFields(
  vmsd: string,
  view: DataView,
  start: number,
  end: number,
  features: number,
): VmsdSchema | undefined {
  const found = devices[vmsd]?.(view, start, end, features);
  return found !== undefined && vmsdSize(found) === end - start ? found : undefined;
}

/** A mark before each request in flight, which is a dump of QEMU's memory; 0 at the end. */
const blk: DeviceFields = (view, start, end) => {
  if (view.getUint8(start) === 0) return table('virtio-blk-device', [field('requests_end', 'int8', 1)]);
  return table('virtio-blk-device', [
    opaque('requests', end - start - 1, 'requests in flight, as they stood in memory'),
    field('requests_end', 'int8', 1),
  ]);
};

const serial: DeviceFields = (view, start, end) => {
  const maps = Math.ceil(view.getUint32(start + 4) / 32);
  const count = view.getUint32(start + 8 + 4 * maps);
  const head = [
    u16('cols'),
    u16('rows'),
    u32('max_nr_ports'),
    ...(maps === 0 ? [] : [array('ports_map', 'uint32', 4, maps)]),
    u32('nr_active_ports'),
  ];
  const port = table('virtio-serial port', [
    u32('id'),
    u8('guest_connected'),
    u8('host_connected'),
    u32('elem_popped'),
  ]);
  const left = end - start - sizeOf(head);
  if (left === count * sizeOf(port.fields))
    return table(
      'virtio-serial-device',
      count === 0 ? head : [...head, structs('ports', port, sizeOf(port.fields), count)],
    );
  return left > 0
    ? table('virtio-serial-device', [
        ...head,
        opaque('ports', left, 'a port with a request in flight, as it stood in memory'),
      ])
    : undefined;
};

const balloon: DeviceFields = (_view, start, end) => {
  const fields = [u32('num_pages'), u32('actual')];
  const hint = table('virtio-balloon-device/free-page-report', [
    u32('free_page_hint_cmd_id'),
    u32('free_page_hint_status'),
  ]);
  const poison = table('virtio-balloon-device/page-poison', [u32('poison_val')]);
  return [[], [hint], [poison], [hint, poison]]
    .map((subsections) => table('virtio-balloon-device', fields, subsections))
    .find((state) => vmsdSize(state) === end - start);
};

const mem: DeviceFields = (_view, start, end) => {
  const checks = ['addr', 'region_size', 'block_size'].map((name) => u64(`tmp.${name}`));
  const sizes = ['usable_region_size', 'size', 'requested_size'].map(u64);
  const bitmap = end - start - 52;
  if (bitmap < 8 || bitmap % 8 !== 0) return undefined;
  return table('virtio-mem-device', [...checks, u32('tmp.node'), ...sizes, field('bitmap', 'bitmap', bitmap)]);
};

const devices: Readonly<Record<string, DeviceFields>> = {
  'virtio-net': netState,
  'virtio-blk': blk,
  'virtio-console': serial,
  'virtio-balloon': balloon,
  'virtio-mem': mem,
  'virtio-input': () => table('virtio-input-device', [bool('active')]),
};
