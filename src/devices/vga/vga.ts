// VGA's registers by index and its palette. From the standard; QEMU: vmstate_vga_common, hw/display/vga.c.

import type { ByteRow, Decoder } from '../rule.js';

const colours = ['red', 'green', 'blue'];

const sequencer = ['reset', 'clocking mode', 'map mask', 'character map select', 'memory mode'];
const graphics = [
  'set/reset',
  'enable set/reset',
  'colour compare',
  'data rotate',
  'read map select',
  'mode',
  'miscellaneous',
  'colour don’t care',
  'bit mask',
];
const attribute = [
  ...Array.from({ length: 16 }, (_, i) => `palette ${i}`),
  'mode control',
  'overscan colour',
  'colour plane enable',
  'horizontal panning',
  'colour select',
];
const crtc = [
  'horizontal total',
  'horizontal display end',
  'horizontal blanking start',
  'horizontal blanking end',
  'horizontal retrace start',
  'horizontal retrace end',
  'vertical total',
  'overflow',
  'preset row scan',
  'maximum scan line',
  'cursor start',
  'cursor end',
  'start address, high',
  'start address, low',
  'cursor location, high',
  'cursor location, low',
  'vertical retrace start',
  'vertical retrace end',
  'vertical display end',
  'offset',
  'underline location',
  'vertical blanking start',
  'vertical blanking end',
  'mode control',
  'line compare',
];

const registers = (field: string, label: string, names: readonly string[]): ByteRow => ({
  vmsd: 'vga',
  field,
  label,
  element: (index) => names[index],
});

export const vga: Decoder = {
  bytes: [
    registers('sr', 'sequencer registers', sequencer),
    registers('gr', 'graphics registers', graphics),
    registers('ar', 'attribute registers', attribute),
    registers('cr', 'CRTC registers', crtc),
    registers('dac_cache', 'colour that is being written', colours),
    {
      vmsd: 'vga',
      field: 'palette',
      label: 'palette',
      element: (index) => `colour ${Math.floor(index / 3)}, ${colours[index % 3]}`,
    },
  ],
};
