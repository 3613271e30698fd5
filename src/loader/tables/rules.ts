// What tables check or count that neither the stream nor -dump-vmstate says: rows keyed by QEMU's own vmsd, each with
// its source. Few on purpose: a wrong value that QEMU takes without a word is no rule.

import type { Architecture } from '../../release/architecture.js';
import { virtioNetRules } from '../virtio/virtio-net.js';
import { armRules } from './rules-arm.js';
import { x86Rules } from './rules-cpu.js';
import { deviceRules } from './rules-devices.js';
import type { TableRules } from './table-rules.js';

const common: Readonly<Record<string, TableRules>> = { ...deviceRules, ...virtioNetRules };

const cpuRules: Partial<Record<Architecture, Readonly<Record<string, TableRules>>>> = { x86: x86Rules, arm: armRules };

/** Rules of one architecture's tables hold for no other: each has a table `cpu`. */
export function rulesOf(table: string, architecture: Architecture | undefined): TableRules | undefined {
  return (architecture === undefined ? undefined : cpuRules[architecture]?.[table]) ?? common[table];
}

/** Tables that are not in -dump-vmstate and differ between architectures and releases. */
export function isCpuTable(table: string): boolean {
  return table === 'cpu';
}
