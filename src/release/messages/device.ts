// Messages about device state: vmstate's own, and those of PCI, virtio and the few devices that check what they load.
// QEMU: migration/vmstate.c, hw/pci, hw/virtio.

import { always, chained, chainedByType, messages } from './message.js';
import { release } from '../version.js';

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
    texts: [
      {
        since: release('10.2'),
        until: release('10.2'),
        text: 'Failed to load element of type {type} for {field}: {errno:d}',
        as: 'link',
      },
      { since: release('11.0'), text: 'Failed to load element of type {type} for {field}', as: 'link' },
    ],
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
      { until: release('10.1'), text: 'Input validation failed: {vmsd}/{field}', errno: 'EPERM' },
      { since: release('10.2'), text: 'Input validation failed: {vmsd}/{field} version_id: {version:d}', as: 'link' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: vmstate('vmstate_load_state'),
  },
  /** Up to 10.1 there is no line: only "No such file or directory" at the end. */
  'unknown-subsection': {
    texts: [
      {
        since: release('10.2'),
        text: "VM subsection '{subsection}' in '{vmsd}' does not exist",
        as: 'link',
        errno: 'EINVAL',
      },
    ],
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
      {
        since: release('10.2'),
        text: 'post load hook failed for: {vmsd}, version_id: {version:d}, minimum_version: {minimum:d}',
        as: 'link',
      },
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
    texts: chainedByType('{local:x} != {received:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_uint32_equal and others',
  },
  'value-too-large': {
    texts: chainedByType('Invalid value {received:d} expecting positive value <= {local:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_int32_le',
  },
  'no-null-marker': {
    texts: [
      { until: release('10.2'), text: 'vmstate: get_nullptr expected VMS_NULLPTR_MARKER' },
      { since: release('11.0'), text: 'Unexpected ptr marker: {mark:d}', as: 'link' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_nullptr; since 11.0 migration/vmstate.c:vmstate_ptr_marker_load',
  },
  'tree-inconsistent': {
    texts: chainedByType('{field} inconsistent stream when loading the gtree'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/vmstate-types.c:get_gtree',
  },
  'pci-config-data': {
    texts: always(
      'get_pci_config_device: Bad config data: i=0x{at:x} read: {read:x} device: {device:x} cmask: {cmask:x} wmask: {wmask:x} w1cmask:{w1cmask:x}',
    ),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/pci/pci.c:get_pci_config_device',
  },
  'pci-irq-state': {
    texts: always('irq state {level:d}: must be 0 or 1.'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/pci/pci.c:get_pci_irq_state',
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
    texts: [{ since: release('11.1'), text: 'VQ {queue:d} vring.num {received:d} exceeds allocated max {maximum:d}' }],
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
    texts: always(
      'VQ {queue:d} size 0x{size:x} Guest index 0x{guest:x} inconsistent with Host index 0x{host:x}: delta 0x{delta:x}',
    ),
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
  'virtio-net-headers': {
    texts: always('virtio-net: saved image requires vnet_hdr=on'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/net/virtio-net.c:virtio_net_vnet_post_load',
  },
  'virtio-net-fragments': {
    texts: always('virtio-net: saved image requires TUN_F_UFO support'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/net/virtio-net.c:virtio_net_ufo_post_load',
  },
  'virtio-net-hashes': {
    texts: [{ since: release('10.0'), text: 'virtio-net: saved image has invalid RSS indirections_len: {entries:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'hw/net/virtio-net.c:virtio_net_rss_post_load',
  },
  'runstate-unknown': {
    texts: always('invalid parameter value: {state}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'qapi/qapi-util.c:qapi_enum_parse, for migration/global_state.c:global_state_post_load',
  },
  /** QEMU ends itself by abort(). */
  'runstate-transition': {
    texts: always("invalid runstate transition: 'inmigrate' -> '{state}'"),
    effect: 'fatal',
    source: 'system/runstate.c:runstate_set',
  },
  'cpu-fpregs': {
    texts: always('Unsupported old non-softfloat CPU state'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'target/i386/machine.c:cpu_post_load',
  },
  'cpu-guest-mode': {
    texts: [{ since: release('4.1'), text: 'vCPU set in guest-mode inconsistent with migrated kernel nested state' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'target/i386/machine.c:cpu_post_load',
  },
  /** The bracket stays open: QEMU's own. */
  'serial-empty': {
    texts: always('inconsistent state in serial device (tsr empty, tsr_retry={retries:d}'),
    effect: 'fatal',
    errno: 'EPERM',
    source: 'hw/char/serial.c:serial_post_load',
  },
  'serial-not-empty': {
    texts: always('inconsistent state in serial device (tsr not empty, tsr_retry=0'),
    effect: 'fatal',
    errno: 'EPERM',
    source: 'hw/char/serial.c:serial_post_load',
  },
  'ahci-dma': {
    texts: always('AHCI: DMA engine should be off, but status bit indicates it is still running.'),
    effect: 'fatal',
    errno: 'EPERM',
    source: 'hw/ide/ahci.c:ahci_state_post_load',
  },
  'ahci-fis': {
    texts: always('AHCI: FIS RX engine should be off, but status bit indicates it is still running.'),
    effect: 'fatal',
    errno: 'EPERM',
    source: 'hw/ide/ahci.c:ahci_state_post_load',
  },
});
