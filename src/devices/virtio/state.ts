// The state that all virtio devices share (`virtio`): the transport's part, status, features, configuration, queues,
// then what the device itself writes, then subsections that the description does not show. Nothing in it says how long
// it is, so the whole is believed only when it ends exactly where the field ends. QEMU: virtio_save(),
// hw/virtio/virtio.c.

import { MAX_VIRTIO_CONFIG } from '../../limits.js';
import type { FieldSchema, VmsdSchema } from '../../vmstate/index.js';
import { opaque, sizeOf, struct, structs, table, u16, u32, u8 } from '../rule.js';
import { configFields } from './config.js';
import { deviceFields } from './device-state.js';
import { VIRTIO_QUEUE_MAX } from './queues.js';
import { findSubsections } from './subsections.js';
import { transports, type Transport } from './transport.js';

export interface VirtioState {
  readonly transport: Transport;
  /** Entries of each queue. */
  readonly queueSizes: readonly number[];
  /** Where the bytes begin and end that the device itself writes. */
  readonly device: { readonly start: number; readonly end: number };
  readonly table: VmsdSchema;
}

/** `vmsd`: the device's table. Undefined when the bytes are not laid out like virtio's state. */
export function virtioState(view: DataView, vmsd: string): VirtioState | undefined {
  for (const transport of transports(view)) {
    try {
      const found = stateOver(view, vmsd, transport);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

const head = [u8('status'), u8('isr'), u16('queue_sel'), u32('guest_features_lo'), u32('config_len')];
const HEAD = sizeOf(head);
const FEATURES = 4;
const CONFIG_LENGTH = 8;
/** Bits of the status that the standard reserves. */
const RESERVED = 0x30;

/** Undefined or RangeError when the bytes are not laid out like that. */
function stateOver(view: DataView, vmsd: string, transport: Transport): VirtioState | undefined {
  let at = transport.size;
  const features = view.getUint32(at + FEATURES);
  const configLength = view.getUint32(at + CONFIG_LENGTH);
  if (configLength > MAX_VIRTIO_CONFIG || (view.getUint8(at) & RESERVED) !== 0) return undefined;
  at += HEAD + configLength;
  const count = view.getUint32(at);
  // No device is without a queue, and no queue without entries.
  if (count === 0 || count > VIRTIO_QUEUE_MAX) return undefined;
  at += 4;
  const { queue } = transport;
  const queueSizes = Array.from({ length: count }, (_, i) => view.getUint32(at + i * queue.size));
  if (queueSizes.includes(0)) return undefined;
  at += count * queue.size;
  const { start: end, subsections } = findSubsections(view, at);
  const config =
    configLength === 0
      ? []
      : [struct('config', table(`${vmsd} config`, configFields(vmsd, configLength)), configLength)];
  const fields = [
    ...transport.fields,
    ...head,
    ...config,
    u32('queue_count'),
    structs('queues', queue.table, queue.size, count),
    ...deviceField(view, vmsd, features, at, end),
  ];
  return { transport, queueSizes, device: { start: at, end }, table: table('virtio', fields, subsections) };
}

function deviceField(view: DataView, vmsd: string, features: number, start: number, end: number): FieldSchema[] {
  if (start === end) return [];
  const known = deviceFields(vmsd, view, start, end, features);
  if (known === undefined) return [opaque('device', end - start, `the own part of ${vmsd} is not known`)];
  return [struct('device', known, end - start)];
}
