// The entry of a vmdescription for a section: the n-th section of a name and instance has the n-th entry of that name
// and instance. Names repeat only in streams made by hand; QEMU gives each section of a name a separate instance.

import { deviceKey, type SectionHeader } from '../wire/section.js';
import type { DescriptionSchema, DeviceSchema } from './schema.js';

/** The entries of a stream, handed out to its sections in stream order. */
export class DeviceEntries {
  private readonly entries = new Map<string, DeviceSchema[]>();

  constructor(description: DescriptionSchema) {
    for (const device of description.devices) {
      const key = deviceKey(device.name, device.instanceId);
      const entries = this.entries.get(key);
      if (entries === undefined) this.entries.set(key, [device]);
      else entries.push(device);
    }
    for (const entries of this.entries.values()) entries.reverse();
  }

  /** The entry of the next section of that name and instance; undefined where the description has no further entry. */
  next({ idstr, instanceId }: Pick<SectionHeader, 'idstr' | 'instanceId'>): DeviceSchema | undefined {
    return this.entries.get(deviceKey(idstr, instanceId))?.pop();
  }
}
