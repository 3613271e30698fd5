// Keeps a vmdescription true to its stream: sections dropped or renamed, devices edited, configuration changed.

import { equalBytes } from '../../base/bytes.js';
import type { Configuration } from '../../wire/configuration.js';
import {
  configurationSchema,
  formatSchema,
  parseSchema,
  type DescriptionSchema,
  type DeviceSchema,
} from '../../vmstate/index.js';
import { unlessBroken } from '../../base/errors.js';

type Named = { readonly idstr: string; readonly instanceId: number };

export interface DescriptionChanges {
  /** FULL sections that are gone. */
  readonly dropped: readonly Named[];
  readonly renamed: readonly (Named & { readonly to: string })[];
  /** Devices that are described otherwise, under the names of the input. */
  readonly replaced: readonly DeviceSchema[];
  /** The configuration section as it now is, when it was changed. */
  readonly configuration: Configuration | undefined;
}

/**
 * The edited JSON. Undefined for a JSON that QEMU would not write like this, byte for byte: formatting it again would
 * change more than was asked for.
 */
export function editDescription(json: Uint8Array, changes: DescriptionChanges): Uint8Array | undefined {
  return unlessBroken(() => {
    const description = parseSchema(json);
    const same = equalBytes(formatSchema(description), json);
    return same ? formatSchema(edited(description, changes)) : undefined;
  });
}

function edited(description: DescriptionSchema, changes: DescriptionChanges): DescriptionSchema {
  const { configuration } = changes;
  return {
    ...description,
    configuration:
      description.configuration === undefined || configuration === undefined
        ? description.configuration
        : configurationSchema(configuration),
    devices: description.devices.flatMap((device) => editedDevice(device, changes)),
  };
}

function editedDevice(device: DeviceSchema, { dropped, renamed, replaced }: DescriptionChanges): DeviceSchema[] {
  const isMeant = ({ idstr, instanceId }: Named): boolean => idstr === device.name && instanceId === device.instanceId;
  if (dropped.some(isMeant)) return [];
  const schema = replaced.find(({ name, instanceId }) => isMeant({ idstr: name, instanceId })) ?? device;
  return [{ ...schema, name: renamed.find(isMeant)?.to ?? device.name }];
}
