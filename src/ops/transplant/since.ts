// When QEMU learned the subsections that no `-dump-vmstate` lists: those of the x86 CPU, and those that virtio writes by
// hand. Taken from the names in QEMU 4.1, 5.2, 7.2, 10.0 and 11.1: the release is the first of these that has it.
// QEMU: target/i386/machine.c, hw/virtio/virtio.c, hw/virtio/virtio-pci.c. Imports types only.

import type { QemuVersion } from '../../release/version.js';

const names: Readonly<Record<string, string>> = {
  '5.2': 'async_pf_int_msr exception_info kvm_nested_state msr_tsx_ctrl nested_state pkru poll_control_msr umwait',
  '7.2': 'amd_tsc_scale_msr arch_lbr intel_amx_xtile intel_sgx msr_xfd pdptrs pkrs svm_guest triple_fault',
  '10.0': 'fred msr_hwcr xen_vcpu',
  '11.1': 'apx cet cet_shstk error_code msr_pl0_ssp',
};

const OLDEST: QemuVersion = { major: 4, minor: 0 };

const releases = new Map<string, QemuVersion>([
  ...Object.entries(names).flatMap(([release, list]) =>
    list.split(' ').map((name) => [`cpu/${name}`, version(release)] as const),
  ),
  ['virtio/started', version('5.2')],
  ['virtio/disabled', version('5.2')],
  ['virtio/packed_virtqueues', version('5.2')],
  ['virtio/128bit_features', version('11.1')],
  ['virtio_pci/modern_state/features128', version('11.1')],
  ['virtio-net-device/backend', version('10.0')],
  ['virtio-balloon-device/page-poison', version('7.2')],
]);

/** Whoever has these tables at all has known their other subsections for long. */
const tables = ['cpu/', 'cpu_common/', 'virtio/', 'virtio_pci/', 'virtio_mmio/'];

/** Undefined: a subsection of something else. */
export function firstRelease(subsection: string): QemuVersion | undefined {
  return releases.get(subsection) ?? (tables.some((prefix) => subsection.startsWith(prefix)) ? OLDEST : undefined);
}

function version(text: string): QemuVersion {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return { major, minor };
}
