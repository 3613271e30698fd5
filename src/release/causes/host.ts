// Explanations of what KVM, memory backends and boards say while a stream is loaded.

import { DAMAGED, explanations, row, SAME_ARGV, TRANSPLANT, VERIFY } from './row.js';

const SAME_HOST = 'a destination with the same processor and kernel, or `-cpu` with a named model that both hosts have';

export const hostExplanations = explanations({
  'kvm-msr': row(
    'KVM refuses to give the model-specific register 0x{msr} the value 0x{value}, and QEMU aborts.',
    [
      'the processor or the kernel of this host does not have what the guest was given: -cpu host, or other CPU features',
      'the PMU or a paravirtual feature is off in this kernel (kvm.enable_pmu=N)',
    ],
    [SAME_HOST, 'the same -cpu as at the source, without the feature behind that register'],
  ),
  'tsc-mismatch': row(
    "The guest's time stamp counter runs at {vm} kHz, this host's at {host} kHz, and the host cannot scale it.",
    ['another processor than at the source'],
    ['a host whose processor scales the TSC, or one with the same frequency; the guest may see its clock drift'],
  ),
  'kvm-xsave': row(
    "KVM refuses the CPU's extended state (XSAVE).",
    [
      'the guest was given CPU features that this host does not have: -cpu host, AVX-512, AMX, PKRU',
      'another kernel, which lays the state out otherwise',
    ],
    [SAME_HOST, 'the same -cpu as at the source'],
  ),
  'spapr-capability-higher': row(
    'The guest was given cap-{capability} at level {received}; this machine has level {local}.',
    ['another machine type, CPU, firmware or kernel of the host', 'cap-{capability}= or ic-mode= differs'],
    ['-machine cap-{capability}= as at the source (ic-mode= for xics and xive)', SAME_ARGV],
  ),
  'spapr-capability-lower': row(
    'The guest was given cap-{capability} at level {received}; this machine has level {local}.',
    ['another machine type, CPU or kernel of the host'],
    ['none needed: the guest can do with less'],
  ),
  'storage-key-flags': row(
    'A block of storage keys begins with flags 0x{flags} that this QEMU does not know.',
    [DAMAGED, 'the snapshot in the image was read back short or as zeros'],
    [VERIFY, 'another release of QEMU, if the file itself is whole'],
  ),
  'arm-register-missing': row(
    'Register {name} of the CPU is not in the stream.',
    ['another processor, kernel or QEMU than at the source'],
    ['none needed: the load goes on'],
  ),
  'arm-register-unexpected': row(
    'The stream has the CPU register {name}, which KVM does not have here.',
    ['another processor or kernel of the host than at the source', '-cpu host on hosts that differ'],
    [SAME_HOST],
  ),
  'arm-register-only-incoming': row(
    'The CPU has a {name} in the stream, and none here.',
    ['another release of QEMU, or another -cpu: Arm CPUs get and lose registers from release to release'],
    [TRANSPLANT, 'the release and the -cpu of the source'],
  ),
  'arm-register-skipped': row(
    'The CPU has a {name} here, and none in the stream: it keeps the value that it has after reset.',
    ['another release of QEMU than at the source'],
    ['none needed: the load goes on'],
  ),
  'prealloc-failed': row(
    'The host could not provide the memory that is to be there beforehand: {error}.',
    [
      'too few hugepages are free',
      "the backend's file is smaller than size= (and offset=)",
      'virtio-mem with prealloc=on: all that is plugged in must be there at once',
    ],
    ['more hugepages (vm.nr_hugepages), or a backend without prealloc=on', 'a file of the right size'],
  ),
});
