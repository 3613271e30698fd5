// Words of QEMU that name no device, against a state: which of its devices hold what the words say.

import { findInDevice, type DeviceState } from '../../vmstate/index.js';
import type { MessageMatch } from '../../release/messages/index.js';
import type { StreamDevice } from '../devices/stream-device.js';

/** Devices named at most. */
const MAX_NAMED = 8;

/**
 * idstrs of the devices whose features, or whose byte of the PCI configuration, are those of the message. Undefined:
 * the message has no such values, or no device of the state shows them.
 */
export function fitting({ id, values }: MessageMatch, devices: readonly StreamDevice[]): string[] | undefined {
  const fits =
    id === 'virtio-features' && values['guest'] !== undefined
      ? hasFeatures(BigInt(`0x${values['guest']}`))
      : id === 'pci-config-data' && values['at'] !== undefined && values['read'] !== undefined
        ? hasByte(Number.parseInt(values['at'], 16), Number.parseInt(values['read'], 16))
        : undefined;
  if (fits === undefined) return undefined;
  const told = devices.map((device) => ({ device, fit: fits(device.state) }));
  if (told.every(({ fit }) => fit === undefined)) return undefined;
  return told
    .filter(({ fit }) => fit === true)
    .slice(0, MAX_NAMED)
    .map(({ device }) => device.section.idstr);
}

/** Undefined: this device does not tell. */
type Fits = (state: DeviceState) => boolean | undefined;

function hasFeatures(guest: bigint): Fits {
  return (state) => {
    const low = unsigned(findInDevice(state, '*guest_features_lo')[0]?.bytes);
    const whole = unsigned(findInDevice(state, '*64bit_features.guest_features')[0]?.bytes) ?? low;
    return whole === undefined ? undefined : whole === guest;
  };
}

function hasByte(at: number, value: number): Fits {
  return (state) => {
    const [config] = findInDevice(state, '*config');
    return config === undefined || config.bytes.length <= at ? undefined : config.bytes[at] === value;
  };
}

function unsigned(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes?.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
