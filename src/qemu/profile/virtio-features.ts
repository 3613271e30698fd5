// Which features a virtio device offers to its guest: QEMU tells nobody before a guest asks, but says so when it
// refuses a state whose guest has taken another one. So each device gets its own state back with a feature that no
// device has, alone in a stream, in a throw-away QEMU of the same command line. QEMU: virtio_load(),
// hw/virtio/virtio.c.

import { unlessBroken } from '../../base/errors.js';
import { encodeBytes } from '../../wire/kit/codec.js';
import { configurationSection, type Configuration } from '../../wire/configuration.js';
import { fileHeader, QEMU_VM_FILE_MAGIC } from '../../wire/file-header.js';
import { sectionFooter, sectionHeader, sectionType } from '../../wire/section.js';
import { decodeDevice } from '../../devices/index.js';
import { NET_OFFLOADS, withUnknownFeature } from '../../devices/virtio/features.js';
import { parseSchema, type DeviceSchema } from '../../vmstate/index.js';
import {
  payloadBytes,
  type NeutralisedOption,
  type ProfileDevice,
  type ProfileSource,
  type VirtioFeatures,
} from '../../destination/profile.js';
import { tryAll, type TryLoadOptions } from '../try-load.js';
import type { Donor } from './donor.js';

const STREAM_VERSION = 3;
/** A tenth of a second each, most of it the start of a QEMU: not for a machine with hundreds. */
const MAX_ASKED = 64;

export type Asked = Pick<TryLoadOptions, 'binary' | 'argv' | 'cwd' | 'timeoutMs' | 'signal'>;

export interface AskedDevices {
  readonly devices: readonly ProfileDevice[];
  /** Undefined: none of them is virtio. */
  readonly source: ProfileSource | undefined;
}

/** The devices of a save, the virtio ones with what they offer; what could not be learned goes to `notes`. */
export async function withVirtioFeatures(
  donor: Donor,
  asked: Asked,
  changes: readonly NeutralisedOption[],
  notes: string[],
): Promise<AskedDevices> {
  const json = donor.vmdescription;
  const schemas =
    json === undefined ? [] : (unlessBroken(() => parseSchema(Buffer.from(json, 'latin1')))?.devices ?? []);
  const cases = donor.devices.flatMap((device) => {
    const schema = schemas.find(({ name, instanceId }) => name === device.idstr && instanceId === device.instanceId);
    return schema?.vmsd.fields.some(({ type }) => type === 'virtio') === true
      ? [{ ...asked, device, state: refusable(donor, device, schema) }]
      : [];
  });
  const found = new Map<ProfileDevice, VirtioFeatures>();
  await tryAll(cases.slice(0, MAX_ASKED), {
    done({ device }, trial) {
      const features = trial instanceof Error ? undefined : trial.lines.map(offered).find((one) => one !== undefined);
      if (features !== undefined) found.set(device, { features, unsure: `0x${unsure(device, changes).toString(16)}` });
    },
  });
  asked.signal?.throwIfAborted();
  const missing = cases.filter(({ device }) => !found.has(device)).map(({ device }) => device.idstr);
  if (missing.length > 0)
    notes.push(`which virtio features these offer is not known, since this QEMU did not say: ${missing.join(', ')}`);
  const devices = donor.devices.map((device) => {
    const virtio = found.get(device);
    return virtio === undefined ? device : { ...device, virtio };
  });
  return { devices, source: cases.length === 0 ? undefined : missing.length === 0 ? 'refusal' : 'unknown' };
}

/** From 10.2 on with 32 digits. */
function offered(line: string): string | undefined {
  const digits = /^Features 0x[0-9a-f]+ unsupported\. Allowed features: 0x0*([0-9a-f]+)$/.exec(line)?.[1];
  return digits === undefined ? undefined : `0x${digits}`;
}

/** Features that the command line as given may or may not offer, since a network without a peer stood in for its own. */
function unsure({ idstr }: ProfileDevice, changes: readonly NeutralisedOption[]): bigint {
  const cut = changes.some(({ option, limits }) => limits !== undefined && /^-(netdev|nic|net)$/.test(option));
  return cut && idstr.endsWith('virtio-net') ? NET_OFFLOADS : 0n;
}

/** A stream of this one device, as it was saved but for the features. */
function refusable({ configuration, footers }: Donor, device: ProfileDevice, schema: DeviceSchema): Uint8Array {
  const { sectionId } = device;
  return Buffer.concat([
    encodeBytes(fileHeader, { magic: QEMU_VM_FILE_MAGIC, version: STREAM_VERSION }),
    ...(configuration === undefined
      ? []
      : [Uint8Array.of(sectionType.configuration), encodeBytes(configurationSection, plain(configuration))]),
    Uint8Array.of(sectionType.full),
    encodeBytes(sectionHeader, device),
    withUnknownFeature(decodeDevice(schema, payloadBytes(device))),
    footers ? encodeBytes(sectionFooter, { mark: sectionType.footer, sectionId }) : new Uint8Array(0),
    Uint8Array.of(sectionType.eof),
  ]);
}

/** Without what is held against capabilities, which nobody sets for this. */
function plain({ machine, subsections }: Configuration): Configuration {
  return { machine, subsections: subsections.filter(({ kind }) => kind === 'target-page-bits') };
}
