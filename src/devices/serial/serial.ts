// Serial lines: what was typed and not yet read. QEMU: hw/char/spapr_vty.c, hw/char/nrf51_uart.c.

import { ring } from '../bytes.js';
import type { Decoder } from '../rule.js';

const minus = (to: number | undefined, from: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : (to - from) >>> 0;

export const serial: Decoder = {
  bytes: [
    // `in` and `out` count on; the place is the rest of their division by the size.
    {
      vmsd: 'spapr_vty',
      field: 'buf',
      label: 'typed, not read',
      ...ring((sibling) => ({ first: sibling('out'), count: minus(sibling('in'), sibling('out')) })),
    },
    {
      vmsd: 'nrf51_soc.uart',
      field: 'rx_fifo',
      label: 'received',
      ...ring((sibling) => ({ first: sibling('rx_fifo_pos'), count: sibling('rx_fifo_len') })),
    },
  ],
};
