// "Bad config data" of PCI: the offset says which register differs, the device and the masks say why.
// QEMU: get_pci_config_device(), hw/pci/pci.c.

import type { Cure } from '../../base/hint.js';
import { vmsdNameOf } from '../../base/idstr.js';
import type { CauseFacts, CauseRule } from './rule.js';
import { SAME_ARGV } from './row.js';

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16);
const at = ({ values }: CauseFacts): number => hex(values['at']);
const changed = ({ values }: CauseFacts): number => hex(values['read']) ^ hex(values['device']);
const last = ({ device }: CauseFacts): string => (device === undefined ? '' : vmsdNameOf(device));
const between = (facts: CauseFacts, low: number, high: number): boolean => at(facts) >= low && at(facts) <= high;

/** Low bytes of PCI ids of virtio: transitional devices 0x1000 to 0x103f, modern 0x1040 and above. */
const transitional = (text: string | undefined): boolean => hex(text) < 0x40;
const isVirtio = (facts: CauseFacts): boolean => /^(?:virtio-|vhost)/.test(last(facts));

/** Devices whose first capability stands at 0x98, in front of it only virtio's own: the table of MSI-X. */
const MSIX_CONTROL = 0x9a;
/** Slot Status behind the PCI Express capability: at 0x54 in pcie-root-port, 0x90 in ioh3420 and xio3130-downstream. */
const SLOT_STATUS: readonly number[] = [0x54 + 0x1a, 0x90 + 0x1a];
const PRESENCE = 0x40;
const isPort = (facts: CauseFacts): boolean => /root-port|ioh3420|xio3130|downstream/.test(last(facts));

const rule = (
  when: CauseRule['when'],
  causes: readonly string[],
  cures: readonly Cure[],
  source: string,
): CauseRule => ({ message: 'pci-config-data', when, causes, cures, source });

export const pciRules: readonly CauseRule[] = [
  rule(
    (facts) => /^virtio-balloon$/.test(last(facts)) && between(facts, 0x10, 0x13),
    [
      'the size of the first BAR differs: the configuration of virtio-balloon grew in 4.0.0, from 32 bytes of I/O ports to 64',
    ],
    [
      'QEMU 4.1 or later at the destination, with the machine type of the source: there types up to 3.1 have the small size, and 4.0 the large one',
      'virtio-balloon-pci,qemu-4-0-config-size=off for a source of QEMU 3.1 or older, =on for one of 4.0.0',
    ],
    'hw/core/machine.c:hw_compat_3_1, hw_compat_4_0 (qemu-4-0-config-size); hw/virtio/virtio-balloon.c',
  ),
  rule(
    (facts) => SLOT_STATUS.includes(at(facts)) && (isPort(facts) || last(facts) === '') && changed(facts) === PRESENCE,
    ['the presence bit of Slot Status: a card was plugged into that port, or unplugged, on one side only'],
    ['at the destination the same devices behind that port as at the moment of the save, hot-plugged ones included'],
    'hw/pci/pcie.c:pcie_cap_slot_plug_cb (PCI_EXP_SLTSTA_PDS)',
  ),
  rule(
    (facts) =>
      at(facts) === 2 && isVirtio(facts) && transitional(facts.values['read']) && !transitional(facts.values['device']),
    [
      'the same device, transitional at the source and modern here: another default of disable-legacy= (virtio-vsock is modern since machine types of 5.1)',
    ],
    ['disable-legacy=off of that device at the destination', 'the machine type of the source'],
    'hw/virtio/vhost-vsock-pci.c, commits 6209070503 and d55f518248; hw/core/machine.c:hw_compat_5_0 (x-disable-legacy-check)',
  ),
  rule(
    (facts) =>
      at(facts) === 2 && isVirtio(facts) && !transitional(facts.values['read']) && transitional(facts.values['device']),
    ['the same device, modern at the source and transitional here: disable-legacy= differs'],
    ['disable-legacy=on of that device at the destination'],
    'hw/virtio/virtio-pci.c:virtio_pci_device_plugged',
  ),
  rule(
    (facts) => between(facts, 0, 3),
    ['another device stands at this address'],
    ['the same devices at the same addresses (bus=, addr=) on both sides', SAME_ARGV],
    'hw/pci/pci.c:do_pci_register_device (vendor and device id)',
  ),
  rule(
    (facts) => between(facts, 0x108, 0x10b) && (changed(facts) & 0x40) !== 0 && at(facts) === 0x10a,
    ['the mask of uncorrectable errors in AER: QEMU 8.0.0 gave it a new default for every machine type'],
    [
      'x-pcie-err-unc-mask=off of that device at the destination (=on where the source is 8.0.0)',
      'QEMU 8.0.1 or later on both sides, with the machine type of the source',
    ],
    'commit 010746ae1d; hw/core/machine.c:hw_compat_7_2 (x-pcie-err-unc-mask)',
  ),
  rule(
    (facts) => at(facts) === 0x34,
    [
      'the chain of capabilities begins elsewhere: one side has MSI-X and the other has not, so vectors= is 0 on one side',
    ],
    [
      'vectors= of that device as at the source: from 7.1 or older virtio-rng-pci,vectors=0; from 9.2 or older virtio-balloon-pci,vectors=0 and virtio-mem-pci,vectors=0',
      'the machine type of the source',
    ],
    'hw/core/machine.c:hw_compat_7_1, hw_compat_9_2 (vectors)',
  ),
  rule(
    (facts) => at(facts) === MSIX_CONTROL,
    ['the table of MSI-X has another size: vectors= differs, or its default in another release'],
    [
      'vectors= of that device as at the source: from 5.2 or older virtio-net-pci,vectors=3; from 2.11 or older virtio-blk-pci,vectors=2',
      'the machine type of the source, which sets it',
    ],
    'hw/core/machine.c:hw_compat_5_2, hw_compat_2_11 (vectors)',
  ),
  rule(
    (facts) => between(facts, 0x10, 0x27),
    ['a base address register of another size: an option of the device that sizes its memory, or another device'],
    [
      'the same options of that device: vectors= (MSI-X has a BAR of its own), vgamem_mb= and ram_size_mb= of graphics, size= of ivshmem',
      SAME_ARGV,
    ],
    'hw/pci/pci.c:pci_register_bar',
  ),
  rule(
    (facts) => between(facts, 0x8, 0xb),
    ['another revision or class of the device: an option or a machine type sets it (qxl,revision=)'],
    ['the machine type of the source', SAME_ARGV],
    'hw/pci/pci.c:do_pci_register_device; hw/core/machine.c:hw_compat_4_2 (qxl revision)',
  ),
  rule(
    (facts) => between(facts, 0x2c, 0x2f),
    ['another subsystem id: another device, or an option that sets it'],
    [SAME_ARGV],
    'hw/pci/pci.c:do_pci_register_device',
  ),
  rule(
    (facts) => at(facts) === 0x3d,
    ['another interrupt pin: the device stands at another slot, or has no interrupt on one side'],
    [SAME_ARGV],
    'hw/pci/pci.c:pci_config_set_interrupt_pin',
  ),
  rule(
    (facts) => between(facts, 0x40, 0xff),
    [
      'a capability has another content or place: vectors=, disable-modern=, aer=, or the machine type (PCI Express speeds, power management)',
    ],
    ['the machine type of the source', 'vectors= and disable-modern= of that device as at the source', SAME_ARGV],
    'hw/pci/pci.c:pci_add_capability',
  ),
  rule(
    (facts) => at(facts) >= 0x100,
    [
      'an extended capability of PCI Express has another content: aer=, ats=, or the machine type (ACS of root ports since 4.1, ARI since 8.1)',
    ],
    [
      'the machine type of the source',
      'for a root port from 4.0 or older disable-acs=on; for a device with ARI from 8.0 or older x-pcie-ari-nextfn-1=on',
    ],
    'hw/core/machine.c:hw_compat_3_1 (disable-acs), hw_compat_8_0 (x-pcie-ari-nextfn-1)',
  ),
];
