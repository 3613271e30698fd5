// What belongs to the whole machine: the run state that a save was made in. QEMU: vmstate_globalstate,
// migration/global_state.c.

import { latin1 } from '../../bytes/window.js';
import type { Decoder } from './rule.js';

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
