// PCI configuration space (`pci config`) divided: the header, the capabilities, and between them the device's registers
// (chips.ts). QEMU: put_pci_config_device(), hw/pci/pci.c.

import type { FieldSchema, VmsdSchema } from '../../vmstate/index.js';
import { table, type Layout } from '../rule.js';
import { registerFields } from './chips.js';
import { headers, headerType, HEADER_SIZE, isConfigSize } from './space.js';
import { capabilitiesOf, type Capability } from './walk.js';

export const configSpace: Layout = ({ bytes, view }) => {
  const type = headerType(bytes);
  if (!isConfigSize(bytes.length) || type >= headers.length) return undefined;
  const capabilities = capabilitiesOf(view).sort((a, b) => a.at - b.at);
  const vendor = view.getUint16(0, true);
  const device = view.getUint16(2, true);
  const key = `${vendor} ${device} ${type} ${bytes.length} ${capabilities.map(({ at, name, size }) => `${at} ${name} ${size}`).join()}`;
  const known =
    layouts.get(key) ??
    divide(type, bytes.length, capabilities, (from, to) => registerFields(vendor, device, from, to));
  if (layouts.size >= MAX_LAYOUTS) layouts.clear();
  layouts.set(key, known);
  return known;
};

/** Devices of one kind share their layout, within a stream and between streams. */
const layouts = new Map<string, VmsdSchema>();
const MAX_LAYOUTS = 256;

function divide(
  type: number,
  end: number,
  capabilities: readonly Capability[],
  between: (from: number, to: number) => FieldSchema[],
): VmsdSchema {
  const fields = [...headers[type]!.fields];
  let at = HEADER_SIZE;
  for (const { at: start, field, name, size } of capabilities) {
    // Of overlapping capabilities the first has the bytes.
    if (start < at || start + size > end) continue;
    fields.push(...between(at, start), { ...field, name });
    at = start + size;
  }
  fields.push(...between(at, end));
  return table(type === 0 ? 'pci header' : 'pci bridge header', fields);
}
