// The vmdescription as framing needs it: the length of each device's payload and the target page size; the fields come
// along for whoever decodes. QEMU: vmstate_save_state_v() writes it, migration/vmstate.c. May import base and limits.

import { parseSchema } from './parse-schema.js';
import { vmsdSize, type DescriptionSchema } from './schema.js';

export interface DeviceLayout {
  readonly name: string;
  readonly instanceId: number;
  /** Bytes of the payload: all fields and subsections; undefined when the JSON does not say. */
  readonly length: number | undefined;
}

export interface VmDescription {
  /** Target page size in bytes; undefined when absent or absurd. */
  readonly pageSize: number | undefined;
  /** In the order of the FULL sections. */
  readonly devices: readonly DeviceLayout[];
  /** Since 8.2 the JSON describes the configuration section too. */
  readonly hasConfiguration: boolean;
  /** `"key" : value` (QEMU up to 5.2) or `"key": value` (6.0 and later). */
  readonly spacedColons: boolean;
  /** All of it: what `decodeDevice` decodes by. `schema.devices` stand in the order of `devices`. */
  readonly schema: DescriptionSchema;
}

/** @throws MigrationStreamError code `bad-vmdescription`: no JSON, too deep or too dense, or not of QEMU's shape */
export function parseVmDescription(json: Uint8Array): VmDescription {
  const schema = parseSchema(json);
  const { pageSize } = schema;
  return {
    pageSize: pageSize !== undefined && [1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageSize) ? pageSize : undefined,
    devices: schema.devices.map(({ name, instanceId, vmsd }) => ({ name, instanceId, length: vmsdSize(vmsd) })),
    hasConfiguration: schema.configuration !== undefined,
    spacedColons: schema.spacedColons,
    schema,
  };
}
