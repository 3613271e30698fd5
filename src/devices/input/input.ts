// Input devices: keyboards, mice and tablets, and the setup packet that every USB device keeps. QEMU: hw/input/ps2.c,
// hw/input/hid.c, hw/usb/bus.c; USB 2.0, 9.3.

import { filled, ring } from '../bytes.js';
import type { Decoder } from '../rule.js';

const setupPacket = [
  'bmRequestType',
  'bRequest',
  'wValue, low',
  'wValue, high',
  'wIndex, low',
  'wIndex, high',
  'wLength, low',
  'wLength, high',
];

export const input: Decoder = {
  bytes: [
    // Scan codes and movements on their way to the guest.
    {
      vmsd: 'PS2 Common State',
      field: 'queue.data',
      label: 'queue',
      ...ring((sibling) => ({ first: sibling('queue.rptr'), count: sibling('queue.count') })),
    },
    {
      vmsd: 'HIDKeyboardDevice',
      field: 'kbd.key',
      label: 'pressed keys (USB usages)',
      ...filled((sibling) => sibling('kbd.keys')),
    },
    { vmsd: 'USBDevice', field: 'setup_buf', label: 'setup packet', element: (index) => setupPacket[index] },
  ],
};
