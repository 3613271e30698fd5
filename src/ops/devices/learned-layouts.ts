// Layouts out of another stream of the same QEMU and machine: its devices by idstr and instance, else those with the
// same table. Which subsections were written and how long lists were differs between streams, so a layout is believed
// only when it accounts for every byte of the payload.

import { vmsdNameOf } from '../../base/idstr.js';
import { quote } from '../../base/quote.js';
import { vmsdSize, type DescriptionSchema, type DeviceSchema } from '../../vmstate/index.js';
import type { SectionHeader } from '../../wire/section.js';
import { fitsExactly, type Layouts } from './stream-device.js';

/** Candidates that are tried: hundreds of disks have one table. */
const MAX_TRIED = 32;

export function layoutsOfStream(schema: DescriptionSchema, label: string): Layouts {
  const byName = new Map<string, DeviceSchema[]>();
  const byTable = new Map<string, DeviceSchema[]>();
  for (const device of schema.devices) {
    add(byName, device.name, device);
    add(byTable, vmsdNameOf(device.name), device);
  }
  const candidates = ({ idstr, instanceId }: SectionHeader): DeviceSchema[] => {
    const named = byName.get(idstr) ?? [];
    const exact = named.filter((device) => device.instanceId === instanceId);
    return [...new Set([...exact, ...named, ...(byTable.get(vmsdNameOf(idstr)) ?? [])])].slice(0, MAX_TRIED);
  };
  return {
    origin: 'stream',
    label,
    layoutOf(section, payload) {
      const tried = candidates(section);
      const found = tried.find((device) =>
        device.vmsd.version === section.versionId || device.vmsd.name === '' ? fitsExactly(device, payload) : false,
      );
      if (found !== undefined) return { ...found, name: section.idstr, instanceId: section.instanceId };
      if (tried.length === 0) return `${label} has no such device`;
      const [first] = tried;
      if (first!.vmsd.name !== '' && first!.vmsd.version !== section.versionId)
        return `${label} has version ${first!.vmsd.version} of ${quote(first!.vmsd.name)}`;
      const sizes = [...new Set(tried.map((device) => vmsdSize(device.vmsd)))];
      if (sizes.includes(payload.length)) return `${label} describes as many bytes, but other subsections`;
      return `${label} describes ${sizes
        .slice(0, 3)
        .map((size) => size ?? '?')
        .join(' or ')} bytes, here are ${payload.length}`;
    },
  };
}

function add(map: Map<string, DeviceSchema[]>, key: string, device: DeviceSchema): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [device]);
  else list.push(device);
}
