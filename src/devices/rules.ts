// All devices that are known here, and how their rules are found.

import type { DeviceRules, Layout, VmsdSchema } from '../vmstate/index.js';
import { audio } from './audio/audio.js';
import { clock } from './clock/clock.js';
import { cmos } from './clock/cmos.js';
import { contentRules, rowRules } from './bytes.js';
import { armCpu } from './cpu/arm.js';
import { ppcCpu } from './cpu/ppc.js';
import { riscvCpu } from './cpu/riscv.js';
import { x86Cpu } from './cpu/x86.js';
import { input } from './input/input.js';
import { interrupts } from './interrupts/interrupts.js';
import { chipset } from './machine/chipset.js';
import { machine } from './machine/machine.js';
import { cards } from './net/cards.js';
import { pci } from './pci/pci.js';
import type { Decoder, MeaningRule } from './rule.js';
import { s390 } from './s390/s390.js';
import { serial } from './serial/serial.js';
import { storage } from './storage/storage.js';
import { vga } from './vga/vga.js';
import { virtio } from './virtio/virtio.js';

const decoders: readonly Decoder[] = [
  armCpu,
  audio,
  cards,
  chipset,
  clock,
  cmos,
  input,
  interrupts,
  machine,
  pci,
  ppcCpu,
  riscvCpu,
  s390,
  serial,
  storage,
  vga,
  virtio,
  x86Cpu,
];

const byType = new Map<string, Layout>();
const byDevice = new Map<string, Layout>();
const byField = new Map<string, Map<string, Layout>>();
const pointed = new Map<string, Map<string, VmsdSchema>>();
const meanings = new Map<string, Map<string, MeaningRule['meaning']>>();
for (const { layouts = [], meanings: said = [], pointed: arrays = [], bytes = [], contents = [] } of decoders) {
  const rows = rowRules(bytes);
  for (const rule of [...rows.layouts, ...contentRules(contents), ...layouts]) {
    if ('type' in rule) byType.set(rule.type, rule.layout);
    else if ('oldStyle' in rule) byDevice.set(rule.oldStyle, rule.layout);
    else inner(byField, rule.vmsd).set(rule.field, rule.layout);
  }
  for (const rule of arrays) inner(pointed, rule.vmsd).set(rule.field, rule.table);
  // What a decoder says by hand stands before what it says of bytes.
  for (const rule of [...rows.meanings, ...said]) inner(meanings, rule.vmsd).set(rule.field, rule.meaning);
}

function inner<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = map.get(key) ?? new Map<string, T>();
  map.set(key, found);
  return found;
}

/** The rule for a field's name stands before that for its type. The table of a hand-written device has no name. */
export const deviceRules: DeviceRules = {
  layout(type, vmsd, field, device) {
    if (vmsd === '' && field === 'data') return byDevice.get(device);
    return byField.get(vmsd)?.get(field) ?? byType.get(type);
  },
  pointedTable: (vmsd, field) => pointed.get(vmsd)?.get(field),
};

/** What that field means; undefined: nobody knows. */
export function meaningRule(vmsd: string, field: string): MeaningRule['meaning'] | undefined {
  return meanings.get(vmsd)?.get(field);
}
