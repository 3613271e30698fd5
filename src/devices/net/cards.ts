// Network cards other than virtio's: addresses, multicast filters, packets on their way. QEMU: hw/net/rtl8139.c,
// eepro100.c, pcnet.c, e1000.c, e1000e_core.c.

import type { FieldNode } from '../../vmstate/index.js';
import { filled } from '../bytes.js';
import type { ByteRow, Decoder, Meaning } from '../rule.js';
import { bytesOfArray, hexText, macText } from '../values.js';

/** Ethernet's header. */
const frame = (index: number): string | undefined =>
  index < 6
    ? `destination, byte ${index}`
    : index < 12
      ? `source, byte ${index - 6}`
      : index < 14
        ? `type, byte ${index - 12}`
        : undefined;

const hashes = (vmsd: string): ByteRow => ({
  vmsd,
  field: 'mult',
  label: 'multicast hash',
  element: (index) => `hashes ${index * 8} to ${index * 8 + 7}`,
});

const I8255X = ['i82559er', 'i82559c'];
/** The first six bytes are the card's address. */
const addresses = [
  ...['rtl8139', ...I8255X].map((vmsd) => [vmsd, 'conf.macaddr'] as const),
  ['pcnet', 'prom'] as const,
];

function mac(node: FieldNode, index: number | undefined): Meaning | undefined {
  const bytes = index === undefined ? bytesOfArray(node) : undefined;
  return bytes !== undefined && bytes.length >= 6 ? { label: 'MAC', text: macText(bytes.subarray(0, 6)) } : undefined;
}

/** Intel cards keep the address in the registers RAL0 and RAH0, low byte first, at word `first`. */
const receiveAddress =
  (first: number) =>
  (node: FieldNode, index: number | undefined): Meaning | undefined => {
    if (index !== undefined)
      return index === first ? { label: 'RAL0' } : index === first + 1 ? { label: 'RAH0' } : undefined;
    const bytes = node.bytes.subarray(first * 4, first * 4 + 8);
    if (bytes.length < 8) return undefined;
    return { label: 'MAC', text: macText(Uint8Array.from([3, 2, 1, 0, 7, 6], (at) => bytes[at]!)) };
  };

export const cards: Decoder = {
  bytes: [
    ...addresses.map(([vmsd, field]): ByteRow => ({ vmsd, field, label: 'MAC' })),
    { vmsd: 'rtl8139', field: 'phys', label: 'station address', text: hexText },
    ...['rtl8139', ...I8255X].map(hashes),
    ...I8255X.map((vmsd): ByteRow => ({
      vmsd,
      field: 'configuration',
      label: 'configuration',
      element: (index) => `byte ${index} of the configure command`,
    })),
    // The packet that descriptors have brought so far.
    { vmsd: 'e1000', field: 'tx.data', label: 'packet to send', ...filled((sibling) => sibling('tx.size'), frame) },
    {
      vmsd: 'e1000',
      field: 'tx.header',
      label: 'headers for each segment',
      ...filled((sibling) => sibling('mig_props.hdr_len'), frame),
    },
    { vmsd: 'pcnet', field: 'buffer', label: 'packet to send', ...filled((sibling) => sibling('xmit_pos'), frame) },
  ],
  meanings: [
    ...addresses.map(([vmsd, field]) => ({ vmsd, field, meaning: mac })),
    { vmsd: 'e1000e', field: 'core.permanent_mac', meaning: mac },
    { vmsd: 'e1000e', field: 'core.mac', meaning: receiveAddress(0x5400 / 4) },
    { vmsd: 'e1000', field: 'mac_reg[0]', meaning: receiveAddress(0) },
    { vmsd: 'e1000/full_mac_state', field: 'mac_reg', meaning: receiveAddress(0x5400 / 4) },
  ],
};
