// The rules of PCI: configuration space, MSI-X tables, interrupt levels, hot-plug. QEMU: hw/pci/pci.c, msix.c, shpc.c.

import { array, le16, le32, retyped, sizeOf, table, u8, type Decoder, type Layout } from '../rule.js';
import { configSpace } from './config.js';
import { msixState } from './msix.js';
import { pciMeanings } from './names.js';

/** Interrupt pins of a device. QEMU: PCI_NUM_PINS. */
export const PCI_PINS = 4;

const shpcHead = [
  le32('base_offset'),
  le32('slots_33'),
  le32('slots_66'),
  u8('nslots'),
  u8('first_dev'),
  le16('phys_slot'),
  le16('sec_bus'),
  u8('msi_ctl'),
  u8('prog_ifc'),
  u8('cmd_code'),
  u8('cmd_trgt'),
  le16('cmd_status'),
  le32('int_locator'),
  le32('serr_locator'),
  le32('serr_int'),
];

/** The working registers of the hot-plug controller, then a word for each slot. QEMU: shpc_save(), hw/pci/shpc.c. */
const shpc: Layout = ({ bytes, view }) => {
  const slots = (bytes.length - sizeOf(shpcHead)) / 4;
  if ((view.getUint8(0x0c) & 0x1f) !== slots) return undefined;
  return table('shpc', [...shpcHead, ...(slots === 0 ? [] : [array('slot', 'le32', 4, slots)])]);
};

export const pci: Decoder = {
  layouts: [
    { type: 'pci config', layout: configSpace },
    { type: 'msix state', layout: msixState },
    { type: 'shpc', layout: shpc },
    { type: 'pci irq state', layout: retyped('int32', 4, PCI_PINS) },
  ],
  meanings: pciMeanings,
};
