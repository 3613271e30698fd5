// What tables check or count that neither the stream nor -dump-vmstate says: rows keyed by QEMU's own vmsd, each with
// its source. Few on purpose: a wrong value that QEMU takes without a word is no rule.

import type { Architecture } from '../../release/architecture.js';
import { virtioNetRules } from '../virtio/virtio-net.js';
import { x86Rules } from './rules-cpu.js';
import { deviceRules } from './rules-devices.js';
import type { TableRules } from './table-rules.js';

const common: Readonly<Record<string, TableRules>> = { ...deviceRules, ...virtioNetRules };

/** Rules of one architecture's tables hold for no other: each has a table `cpu`. */
export function rulesOf(table: string, architecture: Architecture | undefined): TableRules | undefined {
  return (architecture === 'x86' ? x86Rules[table] : undefined) ?? common[table];
}

/** Tables that are not in -dump-vmstate and differ between architectures and releases. */
export function isCpuTable(table: string): boolean {
  return table === 'cpu';
}
