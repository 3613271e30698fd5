// Messages about device state: vmstate's own, and those of PCI, virtio and the few devices that check what they load.
// QEMU: migration/vmstate.c, hw/pci, hw/virtio. May import its own folder.

import { always, chained, messages, release } from './message.js';

const vmstate = (name: string): string => `migration/vmstate.c:${name}`;
const virtio = (name: string): string => `hw/virtio/virtio.c:${name}`;

export const deviceMessages = messages({
  'version-too-new': {
    texts: chained('{vmsd}: incoming version_id {received:d} is too new for local version_id {local:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  /** Two spaces before the last number, up to 10.1: QEMU's own. */
  'version-too-old': {
    texts: chained(
      '{vmsd}: incoming version_id {received:d} is too old for local minimum version_id  {local:d}',
      '{vmsd}: incoming version_id {received:d} is too old for local minimum version_id {local:d}',
    ),
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  /** Once for each level, innermost first. The errno is that of what is inside. */
  'field-failed': {
    texts: [{ until: release('10.1'), text: 'Failed to load {vmsd}:{field}' }],
    effect: 'context',
    source: vmstate('vmstate_load_state'),
  },
  'element-failed': {
    texts: [{ since: release('10.2'), text: 'Failed to load element of type {type} for {field}', as: 'link' }],
    effect: 'context',
    source: vmstate('vmstate_load_field'),
  },
  'stream-error': {
    texts: [{ since: release('10.2'), text: 'Failed to load {vmsd} state: stream error: {errno:d}', as: 'link' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  'input-validation': {
    texts: [
      { until: release('10.1'), text: 'Input validation failed: {vmsd}/{field}' },
      { since: release('10.2'), text: 'Input validation failed: {vmsd}/{field} version_id: {version:d}', as: 'link' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  /** Up to 10.1 there is no line: only "No such file or directory" at the end. */
  'unknown-subsection': {
    texts: [{ since: release('10.2'), text: "VM subsection '{subsection}' in '{vmsd}' does not exist", as: 'link', errno: 'EINVAL' }],
    effect: 'fatal',
    errno: 'ENOENT',
    source: vmstate('vmstate_subsection_load'),
  },
  'subsection-failed': {
    texts: [{ since: release('10.2'), text: "Loading VM subsection '{subsection}' in '{vmsd}' failed", as: 'link' }],
    effect: 'context',
    source: vmstate('vmstate_subsection_load'),
  },
  'post-load-failed': {
    texts: [
      { since: release('10.2'), text: 'post load hook failed for: {vmsd}, version_id: {version:d}, minimum_version: {minimum:d}', as: 'link' },
    ],
    effect: 'context',
    source: vmstate('vmstate_load_state'),
  },
  'post-load-ret': {
    texts: [
      {
        since: release('10.2'),
        text: 'post load hook failed for: {vmsd}, version_id: {version:d}, minimum_version: {minimum:d}, ret: {errno:d}',
        as: 'link',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  'values-differ': {
    texts: chained('{local:x} != {received:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_uint32_equal and others',
  },
  'value-too-large': {
    texts: chained('Invalid value {received:d} expecting positive value <= {local:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_int32_le',
  },
  'no-null-marker': {
    texts: [{ until: release('10.1'), text: 'vmstate: get_nullptr expected VMS_NULLPTR_MARKER' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_nullptr',
  },
  'pci-config-data': {
    texts: always('get_pci_config_device: Bad config data: i=0x{at:x} read: {read:x} device: {device:x} cmask: {cmask:x} wmask: {wmask:x} w1cmask:{w1cmask:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/pci/pci.c:get_pci_config_device',
  },
  'virtio-features': {
    texts: [
      { until: release('10.1'), text: 'Features 0x{guest:x} unsupported. Allowed features: 0x{allowed:x}' },
      // 128 bits of them since device features may exceed 64: padded to 32 digits.
      { since: release('10.2'), text: 'Features 0x{guest:032x} unsupported. Allowed features: 0x{allowed:032x}' },
    ],
    effect: 'fatal',
    errno: 'EPERM',
    source: virtio('virtio_load'),
  },
  'virtio-queue-count': {
    texts: always('Invalid number of virtqueues: 0x{received:x}'),
    effect: 'fatal',
    errno: 'EPERM',
    source: virtio('virtio_load'),
  },
  'virtio-ring-size': {
    texts: [{ since: release('11.0'), text: 'VQ {queue:d} vring.num {received:d} exceeds allocated max {maximum:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: virtio('virtio_load'),
  },
  'virtio-queue-size': {
    texts: always('VQ {queue:d} size 0x{size:x} < last_avail_idx 0x{last:x} - used_idx 0x{used:x}'),
    effect: 'fatal',
    errno: 'EPERM',
    source: virtio('virtio_load'),
  },
  'virtio-host-index': {
    texts: always('VQ {queue:d} size 0x{size:x} Guest index 0x{guest:x} inconsistent with Host index 0x{host:x}: delta 0x{delta:x}'),
    effect: 'fatal',
    errno: 'EPERM',
    source: virtio('virtio_load'),
  },
  'virtio-ring-address': {
    texts: always('VQ {queue:d} address 0x0 inconsistent with Host index 0x{host:x}'),
    effect: 'fatal',
    errno: 'EPERM',
    source: virtio('virtio_load'),
  },
  'virtio-net-queues': {
    texts: [
      { until: release('6.1'), text: 'virtio-net: curr_queues {received:x} > max_queues {maximum:x}' },
      { since: release('6.2'), text: 'virtio-net: curr_queue_pairs {received:x} > max_queue_pairs {maximum:x}' },
    ],
    effect: 'fatal',
    errno: 'EPERM',
    source: 'hw/net/virtio-net.c:virtio_net_post_load_device',
  },
  'bitmap-granularity': {
    texts: always("Migrated bitmap granularity doesn't match the destination bitmap '{bitmap}' granularity"),
    effect: 'non-fatal',
    source: 'migration/block-dirty-bitmap.c:dirty_bitmap_load_start',
  },
  'bitmap-exists': {
    texts: always("Bitmap with the same name ('{bitmap}') already exists on destination"),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/block-dirty-bitmap.c:dirty_bitmap_load_start',
  },
  'bitmap-node': {
    texts: [
      { until: release('5.1'), text: 'Cannot find device={node} nor node_name={name}' },
      { since: release('5.2'), text: "Cannot find device='{node}' nor node-name='{name}'" },
    ],
    effect: 'non-fatal',
    source: 'migration/block-dirty-bitmap.c:dirty_bitmap_load_header',
  },
  'globalstate-unknown': {
    texts: always('Unable to parse received runstate {state}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/global_state.c:global_state_post_load',
  },
});
