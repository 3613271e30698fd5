// What tables check or count that neither the stream nor -dump-vmstate says: rows keyed by QEMU's own vmsd, each with
// its source. Few on purpose: a wrong value that QEMU takes without a word is no rule.

import { cpuRules } from './rules-cpu.js';
import { deviceRules } from './rules-devices.js';
import type { TableRules } from './table-rules.js';
import { virtioNetRules } from '../virtio/virtio-net.js';

const rules: Readonly<Record<string, TableRules>> = { ...cpuRules, ...deviceRules, ...virtioNetRules };

export function rulesOf(table: string): TableRules | undefined {
  return rules[table];
}
