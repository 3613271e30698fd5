// What belongs to the whole machine: the run state that a save was made in, identifiers and memory that firmware keeps.
// QEMU: vmstate_globalstate, migration/global_state.c; hw/acpi/vmgenid.c; hw/nvram/spapr_nvram.c.

import { latin1 } from '../../bytes/window.js';
import type { Decoder } from '../rule.js';

export const machine: Decoder = {
  layouts: [
    // Text up to the first NUL. 9.0 and later describe what follows it as fields of its own.
    {
      vmsd: 'globalstate',
      field: 'runstate',
      layout: ({ bytes }) => ({ type: 'text', size: bytes.length, count: undefined }),
    },
    {
      vmsd: 'globalstate',
      field: 'unused',
      layout: ({ bytes }) => ({ type: 'unused_buffer', size: bytes.length, count: undefined }),
    },
  ],
  bytes: [
    {
      vmsd: 'vmgenid',
      field: 'vmgenid_addr_le',
      label: 'address',
      text: (bytes) => `0x${bytes.reduceRight((address, byte) => (address << 8n) | BigInt(byte), 0n).toString(16)}`,
      element: (index) => `bits ${index * 8} to ${index * 8 + 7}`,
    },
  ],
  contents: [{ vmsd: 'spapr_nvram', field: 'buf', reason: 'memory that the guest keeps as it pleases' }],
  meanings: [
    {
      vmsd: 'globalstate',
      field: 'runstate',
      meaning: ({ bytes }) => {
        const end = bytes.indexOf(0);
        return { label: 'run state', text: latin1(bytes, 0, end === -1 ? bytes.length : end) };
      },
    },
  ],
};
