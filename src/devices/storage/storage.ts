// Storage: floppy controllers, SCSI devices and their requests, SCSI host adapters. QEMU: hw/block/fdc.c,
// hw/scsi/scsi-bus.c, hw/scsi/lsi53c895a.c.

import { filled, pieces } from '../bytes.js';
import { field, table, type Decoder } from '../rule.js';

/** SPC, sense data in the fixed format. */
const sense: readonly string[] = [
  'response code',
  '',
  'sense key',
  ...Array<string>(4).fill('information'),
  'additional length',
  ...Array<string>(4).fill(''),
  'additional sense code',
  'its qualifier',
  'field replaceable unit',
];

export const storage: Decoder = {
  layouts: [
    // A mark stands before each request in flight, 0 at the end.
    {
      type: 'scsi-requests',
      layout: ({ bytes }) =>
        bytes.length === 1 && bytes[0] === 0 ? table('scsi requests', [field('end', 'int8', 1)]) : undefined,
    },
  ],
  bytes: [
    // The command with its parameters, the result, or a sector.
    {
      vmsd: 'fdc',
      field: 'fifo',
      label: 'FIFO',
      ...pieces((sibling) => ({ done: sibling('data_pos'), count: sibling('data_len') })),
    },
    {
      vmsd: 'SCSIDevice',
      field: 'sense',
      label: 'sense data',
      element: (index, sibling) => (index < (sibling('sense_len') ?? 0) ? sense[index] : 'free'),
    },
    { vmsd: 'lsiscsi', field: 'msg', label: 'messages to the initiator', ...filled((sibling) => sibling('msg_len')) },
    {
      vmsd: 'lsiscsi',
      field: 'scratch',
      label: 'scratch registers',
      element: (index) => `SCRATCH${'ABCDEFGHIJKLMNOPQR'[index >> 2] ?? ''}, byte ${index % 4}`,
    },
  ],
  contents: [{ vmsd: 'lsiscsi', field: 'script_ram', reason: 'memory for the guest’s scripts' }],
};
