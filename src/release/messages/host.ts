// Messages of KVM, of memory backends and of boards while a stream is loaded. They stand outside of migration/, and
// what they say depends on the host. QEMU: target/*/kvm, hw/s390x, hw/ppc, util/oslib-posix.c.

import { always, messages } from './message.js';
import { release } from '../version.js';

export const hostMessages = messages({
  /** QEMU ends itself by abort(): an assertion follows. */
  'kvm-msr': {
    texts: always('failed to set MSR 0x{msr:x} to 0x{value:x}'),
    effect: 'fatal',
    source: 'target/i386/kvm/kvm.c:kvm_buf_set_msrs',
  },
  'tsc-mismatch': {
    texts: always(
      'TSC frequency mismatch between VM ({vm:d} kHz) and host ({host:d} kHz), and TSC scaling unavailable',
    ),
    effect: 'non-fatal',
    source: 'target/i386/kvm/kvm.c:kvm_arch_set_tsc_khz',
  },
  'kvm-xsave': {
    texts: [{ since: release('10.0'), text: 'Failed to set XSAVE' }],
    effect: 'fatal',
    source: 'target/i386/kvm/kvm.c:kvm_arch_put_registers',
  },
  'spapr-capability-higher': {
    texts: always('cap-{capability:w} higher level ({received:d}) in incoming stream than on destination ({local:d})'),
    effect: 'fatal',
    errno: 'EINVAL',
    target: 'ppc64',
    source: 'hw/ppc/spapr_caps.c:spapr_caps_post_migration',
  },
  'spapr-capability-lower': {
    texts: always('cap-{capability:w} lower level ({received:d}) in incoming stream than on destination ({local:d})'),
    effect: 'non-fatal',
    target: 'ppc64',
    source: 'hw/ppc/spapr_caps.c:spapr_caps_post_migration',
  },
  'storage-key-flags': {
    texts: [
      { until: release('5.1'), text: 'Unexpected storage key data: {flags:#x}' },
      { since: release('5.2'), text: 'Unexpected storage key flag data: {flags:#x}' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    target: 's390x',
    source: 'hw/s390x/s390-skeys.c:s390_storage_keys_load',
  },
  /** Up to ten of each are printed; the releases of the tables say nothing. Words of the patch of 2026-01. */
  'arm-register-missing': {
    texts: [
      {
        since: release('11.2'),
        text: 'kvm_arm_cpu_post_load Missing register in input stream: {number:d} 0x{register:x} {name}',
      },
    ],
    effect: 'non-fatal',
    target: 'aarch64',
    source: 'target/arm/kvm.c:kvm_arm_cpu_post_load',
  },
  'arm-register-unexpected': {
    texts: [
      {
        since: release('11.2'),
        text: 'kvm_arm_cpu_post_load Unexpected register in input stream: {number:d} 0x{register:x} {name}',
      },
    ],
    effect: 'fatal',
    errno: 'EPERM',
    target: 'aarch64',
    source: 'target/arm/kvm.c:kvm_arm_cpu_post_load',
  },
  'arm-register-only-incoming': {
    texts: [
      {
        since: release('11.1'),
        text: 'handle_cpreg_only_in_incoming_stream: {name} in the incoming stream but unknown on the destination: fail migration',
      },
    ],
    effect: 'fatal',
    errno: 'EPERM',
    target: 'aarch64',
    source: 'target/arm/machine.c:cpu_post_load',
  },
  'arm-register-skipped': {
    texts: [
      {
        since: release('11.1'),
        text: 'handle_cpreg_missing_in_incoming_stream: {name} expected by the destination but not in the incoming stream: skip it',
      },
    ],
    effect: 'non-fatal',
    target: 'aarch64',
    source: 'target/arm/machine.c:cpu_post_load',
  },
  'prealloc-failed': {
    texts: [{ since: release('7.0'), text: 'qemu_prealloc_mem: preallocating memory failed: {error}' }],
    effect: 'fatal',
    errno: 'ENOMEM',
    source: 'util/oslib-posix.c:qemu_prealloc_mem',
  },
});
