// Which cure a test carries out with a real QEMU, and where; and why none can for the others. A cure is named by its
// beginning. test/unit/release/cures.test.ts compares both tables with the cures that are printed.

/** By file: the beginnings of the cures that it carries out. */
export const carriedOut: Readonly<Record<string, readonly string[]>> = {
  'test/e2e/cures-devices.test.ts': [
    'disable-legacy=off of that device',
    'disable-legacy=on of that device',
    'vectors= of that device as at the source: from 7.1',
    'vectors= of that device as at the source: from 5.2',
    'the same devices at the same addresses',
    'at the destination the same devices behind that port',
    'start the destination with the same -machine',
    'for a root port from 4.0 or older disable-acs=on',
    'x-pcie-err-unc-mask=off of that device',
    'queue-size=1024 of that device at the destination',
    'QEMU 8.0.1 or later, or x-pcie-err-unc-mask=off',
  ],
  'test/e2e/cures.test.ts': [
    '`mstream rewrite STATE -o NEW --to-dialect 4.1`',
    '`mstream rewrite --drop-command SWITCHOVER_START`',
    'the machine type of the older release (extended-state=false), or `mstream rewrite --drop-subsection pckbd',
  ],
  'test/e2e/machines-predicted.test.ts': ['the release and the -cpu of the source'],
  'test/e2e/field-cases.test.ts': ['`mstream transplant` maps them by order'],
  // Rows of the rule `monitor`: the load with each capability alone, or with what it needs.
  'test/e2e/agreement.test.ts': [
    'switch postcopy-ram off',
    'switch multifd off',
    'switch background-snapshot off',
    'switch {capability} off',
    'switch compress off',
    'switch xbzrle off',
    'switch mapped-ram off',
    'switch zero-copy-send off',
    'switch postcopy-preempt off',
    'switch switchover-ack off',
    'switch dirty-limit off',
    'switch auto-converge off',
    'switch x-colo off',
    'mapped-ram beside multifd, with file:PATH',
    'file:PATH',
    'QEMU 11.0 or later at the destination, or a save without mapped-ram',
  ],
  'test/e2e/transplant-matrix.test.ts': [
    '`mstream transplant` carries the state',
    'load it with QEMU {last} or older',
    'load it with QEMU {first} or later',
  ],
  'test/e2e/verify-command.test.ts': ['ask that QEMU: `mstream verify STATE --against -- '],
};

/** By reason: the beginnings of the cures that no test carries out. */
export const notCarriedOut: Readonly<Record<string, readonly string[]>> = {
  'the lab has no QEMU before 5.2, and none of 8.0.0': [
    'QEMU 4.1 or later at the destination',
    'QEMU 4.1 or later, with the machine type of the source',
    'virtio-balloon-pci,qemu-4-0-config-size=off',
    'QEMU 8.0.1 or later on both sides',
    'disable-legacy=off of that device (on QEMU 5.1.1',
    'disable-acs=off of each root port where the source is 4.0',
    'the machine type of the older release (use-started=false)',
    'the machine type of the older release (use-disabled-flag=false)',
    'the machine type of the older release (acpi-mr-restore=false)',
    'edid=off of that device',
    'discard=off,write-zeroes=off',
    'num-queues=1 of that device',
    'page-poison=off of that device',
    'queue-size=128 (virtio-scsi',
  ],
  'no guest of the lab negotiates the feature: its host has no such network, vhost or GPU': [
    'host_uso=off,guest_uso4=off',
    'host_uso=on,guest_uso4=on',
    'queue_reset=off of that device',
    'seqpacket=off of that device',
    'the machine type of the older release at the source: it sets x-scanout-vmstate-version=1',
    'skip-vsc-check=true',
  ],
  'a choice of machine type or option at the source, which the matrix of transplants and the agreement suite make': [
    'the machine type of the source',
    'the machine type of the older release at the source: it sets multifd-flush',
    'the machine type of the older release at the source: it sets x-early-migration=false',
    'the machine type of the older release at the source: it sets x-config-reg-migration-enabled=off',
    'the machine type of the older release at the source: it sets x-migrate=off',
    'a machine type of 9.1 or later, or save while no CD-ROM is read',
    'a release from 7.0.0 on at the destination: its machine types up to 6.2 set x-not-migrate-acpi-index',
    'x-use-canonical-path-for-ramblock-id=off',
    'x-pcie-ari-nextfn-1=on of that device',
    'vectors= and disable-modern= of that device',
  ],
  'the firmware of the lab programs no base address register, so that none is compared': [
    'the same options of that device: vectors= (MSI-X has a BAR',
  ],
  'it needs connections that a file is not, or a return path': [
    'tcp: or unix:',
    'switch multifd on in the same command',
    'switch postcopy-ram on in the same command',
    'switch return-path on in the same command',
  ],
  'it is a look, not a change': [
    '`mstream verify STATE` says what is wrong, and where',
    '`mstream verify TEMPLATE` compares state and memory file',
    'save again from the source',
    'another release of QEMU, if the file itself is whole',
    'none needed',
  ],
  'the message needs another host: KVM, huge pages, a processor, a board': [
    'a destination with the same processor',
    'the same -cpu as at the source',
    'a host whose processor scales the TSC',
    '-machine cap-{capability}=',
    'more hugepages',
    'a file of the right size',
  ],
  'the ring that makes this message is written by a running driver': [
    'share=off for all clones',
    'the same options of that device and the machine type of the source',
  ],
};
