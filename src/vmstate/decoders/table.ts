// All decoders there are, and how their rules are found.

import { buffers } from './buffers.js';
import { byteArrays } from './byte-arrays.js';
import { clocks } from './clock.js';
import { cmos } from './cmos.js';
import { machine } from './machine.js';
import { otherCpus } from './other-cpus.js';
import { pciConfig } from './pci-config.js';
import type { Decoder, Layout, MeaningRule } from './rule.js';
import type { VmsdSchema } from '../schema.js';
import { s390 } from './s390.js';
import { virtioState } from './virtio.js';
import { x86Cpu } from './x86-cpu.js';

const decoders: readonly Decoder[] = [
  x86Cpu,
  pciConfig,
  virtioState,
  clocks,
  cmos,
  byteArrays,
  buffers,
  machine,
  otherCpus,
  s390,
];

const byType = new Map<string, Layout>();
const byDevice = new Map<string, Layout>();
const byField = new Map<string, Map<string, Layout>>();
const pointed = new Map<string, Map<string, VmsdSchema>>();
const meanings = new Map<string, Map<string, MeaningRule['meaning']>>();
for (const decoder of decoders) {
  for (const rule of decoder.layouts ?? []) {
    if ('type' in rule) byType.set(rule.type, rule.layout);
    else if ('oldStyle' in rule) byDevice.set(rule.oldStyle, rule.layout);
    else inner(byField, rule.vmsd).set(rule.field, rule.layout);
  }
  for (const rule of decoder.pointed ?? []) inner(pointed, rule.vmsd).set(rule.field, rule.table);
  for (const rule of decoder.meanings ?? []) inner(meanings, rule.vmsd).set(rule.field, rule.meaning);
}

function inner<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = map.get(key) ?? new Map<string, T>();
  map.set(key, found);
  return found;
}

/** How to divide that field; the rule for its name before that for its type. The table of a hand-written device has no name. */
export function layoutRule(type: string, vmsd: string, field: string, device: string): Layout | undefined {
  if (vmsd === '' && field === 'data') return byDevice.get(device);
  return byField.get(vmsd)?.get(field) ?? byType.get(type);
}

/** What the pointers of that array point to. */
export function pointedTable(vmsd: string, field: string): VmsdSchema | undefined {
  return pointed.get(vmsd)?.get(field);
}

/** What that field means. */
export function meaningRule(vmsd: string, field: string): MeaningRule['meaning'] | undefined {
  return meanings.get(vmsd)?.get(field);
}
