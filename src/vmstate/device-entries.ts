// Which entry of a vmdescription is a section's: the n-th section of a name and instance has the n-th entry of them.
// Names repeat in streams made by hand only; QEMU gives each section of a name its own instance.

import { deviceKey } from '../wire/section.js';
import type { DescriptionSchema, DeviceSchema } from './schema.js';

/** The entries of one stream, handed out to its sections in stream order. */
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

  /** The entry of the next section of that name and instance; undefined where the description has no more of them. */
  next(idstr: string, instanceId: number): DeviceSchema | undefined {
    return this.entries.get(deviceKey(idstr, instanceId))?.pop();
  }
}
