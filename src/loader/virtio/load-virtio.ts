// The state that all virtio devices share, over PCI: the transport's part, features, configuration, queues, the
// device's own part, subsections. QEMU: virtio_load(), hw/virtio/virtio.c; virtio_pci_load_config(),
// virtio_pci_load_queue(), hw/virtio/virtio-pci.c.

import { decodeDevice, plainField, type DeviceSchema, type VmsdSchema } from '../../vmstate/index.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_FILL } from '../../limits.js';
import type { Incoming } from '../outer/incoming.js';
import { loadTable } from '../tables/load-table.js';
import type { ValueToLoad } from '../tables/value-to-load.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { Refusal } from '../refusal.js';
import { checkFeatures } from './virtio-features.js';
import { localVirtio, type LocalVirtio } from './virtio-local.js';
import { virtioNetQueues, virtioNetTable } from './virtio-net.js';
import { virtioTable } from './virtio-tables.js';

/** VIRTIO_QUEUE_MAX. */
const MAX_QUEUES = 1024;
const NO_VECTOR = 0xffff;

export async function loadVirtio(incoming: Incoming, file: QemuFile, value: ValueToLoad): Promise<void> {
  const { field, own, context } = value;
  const local = own === undefined ? undefined : localVirtio(own, /(^|\/)virtio-mmio@/.test(context.device));
  if (own === undefined || local === undefined) {
    incoming.unknowns.add(`what the destination makes of ${context.device}: its virtio transport is not read`);
    await file.pass(field.size!);
    return;
  }
  const sent = await sentPart(incoming, file, value, local);
  await transport(incoming, file, value, own, local);
  await file.want(12);
  file.u16();
  if (file.u16() >= MAX_QUEUES) throw incoming.silent(file, 'EPERM', 'virtio-refused');
  const features = file.u32();
  await configuration(incoming, file, file.u32());
  const card = context.table.schema.name === 'virtio-net';
  await queues(incoming, file, local, card ? virtioNetQueues : undefined);
  const part = card ? virtioNetTable(incoming.destination.version, features, local.part) : undefined;
  if (part === undefined) await file.pass(await plausible(file, sent, local.part.length));
  else
    await aside(incoming, () =>
      loadTable(incoming, file, { schema: part, known: undefined, own: local.part }, part.version, context.device),
    );
  const common = await aside(incoming, () =>
    loadTable(
      incoming,
      file,
      { schema: virtioTable(incoming.destination.version), known: undefined, own: undefined },
      1,
      context.device,
    ),
  );
  checkFeatures(incoming, file, context, features, common);
}

/** How long the part is that the device itself writes: as the sender's bytes divide, else as long as the destination's own. */
async function sentPart(
  incoming: Incoming,
  file: QemuFile,
  { field }: ValueToLoad,
  local: LocalVirtio,
): Promise<number> {
  const { sentDevice: sent, sentSize: size = 0 } = incoming;
  if (sent === undefined || size === 0 || size > MAX_FILL) return local.part.length;
  await file.want(size);
  const bytes = file.cursor.bytes.slice(file.cursor.at, Math.min(file.cursor.end, file.cursor.at + size));
  return sizeOfPart(sent, field.name, bytes) ?? local.part.length;
}

function sizeOfPart(device: DeviceSchema, name: string, bytes: Uint8Array): number | undefined {
  for (const node of decodeDevice(device, bytes).root.children()) {
    if (node.name !== name) continue;
    if (node.kind === 'leaf') return undefined;
    for (const child of node.children()) if (child.name === 'device') return child.end - child.start;
    return 0;
  }
  return undefined;
}

/** QEMU: virtio_pci_load_config(). */
async function transport(
  incoming: Incoming,
  file: QemuFile,
  { context }: ValueToLoad,
  own: Uint8Array,
  local: LocalVirtio,
): Promise<void> {
  if (local.configSize === 0) {
    await file.pass(12);
    return;
  }
  const schema = pciDevice(local.configSize);
  await aside(incoming, () =>
    loadTable(
      incoming,
      file,
      { schema, known: undefined, own: own.subarray(0, 4 + local.configSize + 16) },
      2,
      context.device,
    ),
  );
  if (local.vectors === 0) return;
  await file.pass(local.vectors * 16 + Math.ceil(local.vectors / 8));
  await file.want(2);
  vector(incoming, file, local);
}

/** A table that hand-written code loads: since 10.2 it prints what went wrong itself, and the chain begins anew. */
async function aside<T>(incoming: Incoming, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Refusal) || !incoming.behaviour.chained) throw error;
    if (error.links.length > 0) incoming.lines.push(error.links.join(': '));
    throw new Refusal(error.errno);
  }
}

function vector(incoming: Incoming, file: QemuFile, local: LocalVirtio): void {
  const number = file.u16();
  if (number !== NO_VECTOR && number >= local.vectors) throw incoming.silent(file, 'EINVAL', 'virtio-refused');
}

async function configuration(incoming: Incoming, file: QemuFile, length: number): Promise<void> {
  const got = await file.pass(length);
  // Since 7.x the end is noticed while what is too much is skipped.
  if (got < length && incoming.destination.version >= 60000) throw incoming.silent(file, 'EPERM', 'virtio-refused');
}

async function queues(
  incoming: Incoming,
  file: QemuFile,
  local: LocalVirtio,
  changed: typeof virtioNetQueues | undefined,
): Promise<void> {
  await file.want(4);
  const count = file.u32();
  if (count > MAX_QUEUES) throw incoming.refuse(file, 'virtio-queue-count', { received: count });
  const sizes = changed?.(incoming, file, local.queueSizes, count) ?? local.queueSizes;
  for (let i = 0; i < count; i += 1) {
    await file.want(20);
    const size = file.u32();
    if (local.configSize === 0) file.u32();
    const most = sizes[i] ?? 0;
    if (size > most && incoming.destination.version >= 110000)
      throw incoming.refuse(file, 'virtio-ring-size', { queue: i, received: size, maximum: most });
    const address = file.u64();
    const index = file.u16();
    if (address === 0n && index !== 0) throw incoming.refuse(file, 'virtio-ring-address', { queue: i, host: index });
    if (local.vectors > 0) vector(incoming, file, local);
  }
}

/**
 * The device's own part ends where virtio's subsections or the footer begin. As long as the destination's own when that fits, also
 * where the mark of the subsection is damaged: the sender's length was found by looking for that mark.
 */
async function plausible(file: QemuFile, sent: number, own: number): Promise<number> {
  if (sent === own || own > MAX_FILL / 2) return sent;
  await file.want(own + 9);
  const { cursor } = file;
  const subsection = latin1(cursor.bytes, cursor.at + own + 2, cursor.at + own + 9) === 'virtio/';
  return subsection || cursor.peek(own) === 0x7e ? own : sent;
}

function pciDevice(configSize: number): VmsdSchema {
  return {
    name: 'PCIDevice',
    version: 2,
    fields: [
      plainField('version_id', 'int32 le', 4),
      plainField('config', 'pci config', configSize),
      plainField('irq_state', 'pci irq state', 16),
    ],
    subsections: [],
  };
}
