// The state that all virtio devices share, over PCI or MMIO: the transport's part, features, configuration, queues,
// what the device itself writes, subsections. QEMU: virtio_load(), hw/virtio/virtio.c; virtio_pci_load_config(),
// virtio_pci_load_queue(), hw/virtio/virtio-pci.c.

import { decodeDevice } from '../../devices/index.js';
import { vectorStateSize } from '../../devices/pci/msix.js';
import { viewOf } from '../../devices/pci/space.js';
import { childNamed } from '../../devices/values.js';
import { VIRTIO_QUEUE_MAX } from '../../devices/virtio/queues.js';
import { virtioState, type VirtioState } from '../../devices/virtio/state.js';
import { pciDevice, type Transport } from '../../devices/virtio/transport.js';
import { vmsdSize, type DeviceSchema, type VmsdSchema } from '../../vmstate/index.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_FILL } from '../../limits.js';
import { sectionType } from '../../wire/section.js';
import type { Incoming } from '../outer/incoming.js';
import { loadTable } from '../tables/load-table.js';
import type { TableContext } from '../tables/table-context.js';
import type { ValueToLoad } from '../tables/value-to-load.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { Refusal } from '../refusal.js';
import { checkFeatures } from './virtio-features.js';
import { virtioNetQueues } from './virtio-net.js';
import { virtioNetTable, virtioTable } from './virtio-tables.js';

const NO_VECTOR = 0xffff;

export async function loadVirtio(incoming: Incoming, file: QemuFile, value: ValueToLoad): Promise<void> {
  const { field, localBytes: bytes, context } = value;
  const vmsd = context.table.schema.name;
  const local = bytes === undefined ? undefined : virtioState(viewOf(bytes), vmsd);
  const kind = local?.transport.kind;
  if (bytes === undefined || local === undefined || kind === undefined || kind === 'ccw') {
    incoming.unknowns.add(`what the destination makes of ${context.device}: its virtio transport is not read`);
    await file.pass(field.size!);
    return;
  }
  const device = bytes.subarray(local.device.start, local.device.end);
  const sent = await sentDeviceSize(incoming, file, value, device.length);
  await loadTransport(incoming, file, value, bytes, local.transport);
  await file.want(12);
  file.u16();
  if (file.u16() >= VIRTIO_QUEUE_MAX) throw incoming.silent(file, 'EPERM', 'virtio-refused');
  const features = file.u32();
  await configuration(incoming, file, file.u32());
  const card = vmsd === 'virtio-net';
  await queues(incoming, file, local, card ? virtioNetQueues : undefined);
  const load = (schema: VmsdSchema, localBytes: Uint8Array | undefined): Promise<TableContext> =>
    aside(incoming, () =>
      loadTable(incoming, file, { schema, known: undefined, localBytes }, schema.version, context.device),
    );
  const table = card ? virtioNetTable(incoming.destination.version, features, device) : undefined;
  if (table === undefined) await file.pass(await plausible(file, sent, device.length));
  else await load(table, device);
  const common = await load(virtioTable(incoming.destination.version, kind), undefined);
  checkFeatures(incoming, file, context, features, common);
}

/**
 * How many bytes of the stream the device itself has written: as the sender's description divides them, else `local`,
 * as many as the destination's device writes.
 */
async function sentDeviceSize(
  incoming: Incoming,
  file: QemuFile,
  { field }: ValueToLoad,
  local: number,
): Promise<number> {
  const { sentDevice: sent, sentSize: size = 0 } = incoming;
  if (sent === undefined || size === 0 || size > MAX_FILL) return local;
  await file.want(size);
  const bytes = file.cursor.bytes.slice(file.cursor.at, Math.min(file.cursor.end, file.cursor.at + size));
  return deviceSize(sent, field.name, bytes) ?? local;
}

function deviceSize(device: DeviceSchema, name: string, bytes: Uint8Array): number | undefined {
  for (const node of decodeDevice(device, bytes).root.children()) {
    if (node.name !== name) continue;
    if (node.kind === 'leaf') return undefined;
    const state = childNamed(node, 'device');
    return state === undefined ? 0 : state.end - state.start;
  }
  return undefined;
}

/** QEMU: virtio_pci_load_config(), virtio_mmio_load_config(). */
async function loadTransport(
  incoming: Incoming,
  file: QemuFile,
  { context }: ValueToLoad,
  bytes: Uint8Array,
  transport: Transport,
): Promise<void> {
  const { configSize, vectors } = transport;
  if (configSize === 0) {
    await file.pass(transport.size);
    return;
  }
  const schema = pciDevice(configSize);
  const localBytes = bytes.subarray(0, vmsdSize(schema));
  await aside(incoming, () =>
    loadTable(incoming, file, { schema, known: undefined, localBytes }, schema.version, context.device),
  );
  if (vectors === 0) return;
  await file.pass(vectorStateSize(vectors));
  await file.want(2);
  vector(incoming, file, vectors);
}

/** A table that hand-written code loads: since 10.2 it prints what went wrong itself, and the chain begins anew. */
async function aside<T>(incoming: Incoming, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Refusal) || !incoming.behaves('chained-errors')) throw error;
    if (error.links.length > 0) incoming.lines.push(error.links.join(': '));
    throw new Refusal(error.errno);
  }
}

function vector(incoming: Incoming, file: QemuFile, vectors: number): void {
  const number = file.u16();
  if (number !== NO_VECTOR && number >= vectors) throw incoming.silent(file, 'EINVAL', 'virtio-refused');
}

async function configuration(incoming: Incoming, file: QemuFile, length: number): Promise<void> {
  const got = await file.pass(length);
  if (got < length && incoming.behaves('virtio-end-noticed')) throw incoming.silent(file, 'EPERM', 'virtio-refused');
}

async function queues(
  incoming: Incoming,
  file: QemuFile,
  { transport, queueSizes }: VirtioState,
  changed: typeof virtioNetQueues | undefined,
): Promise<void> {
  await file.want(4);
  const count = file.u32();
  if (count > VIRTIO_QUEUE_MAX) throw incoming.refuse(file, 'virtio-queue-count', { received: count });
  const sizes = changed?.(incoming, file, queueSizes, count) ?? queueSizes;
  for (let i = 0; i < count; i += 1) {
    await file.want(20);
    const size = file.u32();
    if (transport.kind === 'mmio') file.u32();
    const maximum = sizes[i] ?? 0;
    if (size > maximum && incoming.behaves('ring-length-checked'))
      throw incoming.refuse(file, 'virtio-ring-size', { queue: i, received: size, maximum });
    const address = file.u64();
    const index = file.u16();
    if (address === 0n && index !== 0) throw incoming.refuse(file, 'virtio-ring-address', { queue: i, host: index });
    if (transport.vectors > 0) vector(incoming, file, transport.vectors);
  }
}

/**
 * What the device itself writes ends where virtio's subsections or the footer begin. It is as long as the destination's
 * when that fits, also where the mark of the subsection is damaged: `sent` was found by looking for that mark.
 */
async function plausible(file: QemuFile, sent: number, local: number): Promise<number> {
  if (sent === local || local > MAX_FILL / 2) return sent;
  await file.want(local + 9);
  const { cursor } = file;
  const subsection = latin1(cursor.bytes, cursor.at + local + 2, cursor.at + local + 9) === 'virtio/';
  return subsection || cursor.peek(local) === sectionType.footer ? local : sent;
}
