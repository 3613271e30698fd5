// What would cure a misfit: options of the destination's command line, each text once. Found by rule, never by a
// device's name.

import type { Cure } from '../../../base/hint.js';

export const cures = {
  vectors: (count: number): string => `give the destination’s device vectors=${count}`,
  noVectors: 'give the destination’s device vectors=0',
  queueSize: (size: number): string =>
    `give the destination’s device queue-size=${size} (rx_queue_size=, tx_queue_size= where it has those)`,
  queues: (count: number): string =>
    `give the destination’s device as many queues as the source’s: ${count} (queues=, num-queues=, max_ports=)`,
  device: 'give the destination the same devices at the same addresses (-device …,addr=)',
  place:
    'put it there at the destination too (-device …,addr=,bus=; -M microvm,ioapic2=off has the places of QEMU 5.2)',
  missing: 'give the destination that device too (-device)',
  processors: (count: number): string => `-smp ${count} at the destination`,
  memory: (bytes: number): string => `-m ${bytes / 2 ** 20}M at the destination (this block: ${bytes} bytes)`,
  firmware: 'the same firmware at the destination (-bios, romfile=)',
  machine: (family: string): string => `-M ${family} at the destination`,
  cpu: (model: string): string => `-cpu ${model} at the destination`,
  accelerator: (name: string): string => `-accel ${name} at the destination`,
  feature: (name: string): string => `the destination’s device must offer ${name}`,
  schema: { code: 'schema-of-destination' },
  notMapped: 'load it once in its own QEMU, and save it without mapped-ram',
  parts: { code: 'donor-with-section' },
  equal: 'give the destination’s device the same options',
} as const satisfies Readonly<Record<string, Cure | ((value: never) => Cure)>>;
