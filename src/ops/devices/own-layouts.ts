// What the vmdescription of a stream says of its sections: by idstr and instance, and where those repeat, in order.

import { MigrationStreamError } from '../../base/errors.js';
import { parseSchema, type DescriptionSchema, type DeviceSchema } from '../../vmstate/index.js';
import { deviceKey, type SectionHeader } from '../../wire/section.js';

/** The schema that a vmdescription gives, or what is wrong with it. */
export function readSchema(json: Uint8Array): DescriptionSchema | string {
  try {
    return parseSchema(json);
  } catch (error) {
    if (error instanceof MigrationStreamError && error.code === 'bad-vmdescription') return error.message;
    throw error;
  }
}

export class OwnLayouts {
  private readonly devices = new Map<string, DeviceSchema[]>();
  private readonly problem: string;

  /** A text is why nothing is described. */
  constructor(schema: DescriptionSchema | string) {
    this.problem = typeof schema === 'string' ? schema : '';
    if (typeof schema === 'string') return;
    for (const device of schema.devices) {
      const key = deviceKey(device.name, device.instanceId);
      const list = this.devices.get(key);
      if (list === undefined) this.devices.set(key, [device]);
      else list.push(device);
    }
    for (const list of this.devices.values()) list.reverse();
  }

  /** The entry of the next section of that name, or why there is none. */
  next({ idstr, instanceId }: SectionHeader): DeviceSchema | string {
    if (this.problem !== '') return this.problem;
    return this.devices.get(deviceKey(idstr, instanceId))?.pop() ?? 'the vmdescription does not name it';
  }
}
