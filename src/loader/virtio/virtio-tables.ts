// The tables of devices/virtio as a QEMU loads them: with the names that its messages have for nested fields, and
// arrays that no rule looks into as bytes. QEMU: vmstate_virtio, hw/virtio/virtio.c; vmstate_virtio_net_device,
// hw/net/virtio-net.c.

import { field, inner, sizeOf, struct, table, u16 } from '../../devices/rule.js';
import { netFields, netOffloads, netRss, NET_VERSION, type NetField } from '../../devices/virtio/net.js';
import { commonSubsection, commonSubsections, modernState } from '../../devices/virtio/subsections.js';
import { behaves } from '../../release/behaviours.js';
import { knowsSubsection } from '../../release/subsections.js';
import type { QemuVersion } from '../../release/version.js';
import { plainField, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';

/** Queues stay apart, for what is said of them when the file ends; nothing looks into one. */
function asBytes(schema: VmsdSchema): VmsdSchema {
  const fields = schema.fields.map((entry) =>
    entry.struct === undefined ? entry : { ...plainField(entry.name, 'buffer', entry.size!), count: entry.count },
  );
  return { ...schema, fields };
}

/** The subsections behind virtio state. `transport` has a table of its own in them. */
export function virtioTable(version: QemuVersion, transport: 'pci' | 'mmio'): VmsdSchema {
  const modern = table(`virtio_${transport}`, [], [asBytes(modernState(transport))]);
  const subsections = commonSubsections
    .filter((name) => knowsSubsection(undefined, { since: version, until: version }, name) !== false)
    .map((name) =>
      name === 'virtio/extra_state' ? table(name, [struct('extra_state', modern, 0)]) : asBytes(commonSubsection(name)),
    );
  return table('virtio', [], subsections);
}

/** An array of the description is a buffer to QEMU. */
function asBuffer(entry: FieldSchema): FieldSchema {
  return entry.count === undefined ? entry : field(entry.name, 'buffer', sizeOf([entry]));
}

function netField({ field: entry, within }: NetField): FieldSchema {
  if (within === undefined) return asBuffer(entry);
  const nested = table(within.table, [entry], [], 0);
  if (within.entry === 'vqs') return inner('vqs', nested);
  return { ...field('tmp', 'tmp', entry.size!), inline: [nested] };
}

const fields = netFields.map(netField);
const SIZE = sizeOf(fields);

/**
 * What a network card itself writes. `features`: the low word, as the stream has it; `local`: the destination's bytes.
 * Undefined when the destination's card has several pairs of queues.
 */
export function virtioNetTable(version: QemuVersion, features: number, local: Uint8Array): VmsdSchema | undefined {
  if (local.length !== SIZE) return undefined;
  const rss = netRss(behaves(version, 'hash-types-supported') ? 2 : 1, [u16('rss_data.indirections_table')]);
  const subsection = { ...rss, fields: rss.fields.map(asBuffer) };
  return table('virtio-net-device', [...fields, ...netOffloads(features)], [subsection], NET_VERSION);
}
