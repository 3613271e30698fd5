// Words of QEMU that name no device, against a state: which of its devices hold what the words say.

import { findInDevice, type DeviceState } from '../../vmstate/index.js';
import type { MessageMatch } from '../../release/messages/index.js';
import type { StreamDevice } from '../devices/stream-device.js';

/** Devices named at most. */
const MAX_NAMED = 8;

/** idstrs of the devices whose features, or whose byte of the PCI configuration, are those of the message. */
export function fitting({ id, values }: MessageMatch, devices: readonly StreamDevice[]): string[] {
  const fits =
    id === 'virtio-features' && values['guest'] !== undefined
      ? hasFeatures(BigInt(`0x${values['guest']}`))
      : id === 'pci-config-data' && values['at'] !== undefined && values['read'] !== undefined
        ? hasByte(Number.parseInt(values['at'], 16), Number.parseInt(values['read'], 16))
        : undefined;
  if (fits === undefined) return [];
  return devices
    .filter(({ state }) => fits(state))
    .slice(0, MAX_NAMED)
    .map(({ section }) => section.idstr);
}

function hasFeatures(guest: bigint): (state: DeviceState) => boolean {
  return (state) => {
    const low = unsigned(findInDevice(state, '*guest_features_lo')[0]?.bytes);
    const whole = unsigned(findInDevice(state, '*64bit_features.guest_features')[0]?.bytes);
    return (whole ?? low) === guest && (whole !== undefined || low !== undefined);
  };
}

function hasByte(at: number, value: number): (state: DeviceState) => boolean {
  return (state) => {
    const [config] = findInDevice(state, '*config');
    return config !== undefined && config.bytes.length >= 256 && config.bytes[at] === value;
  };
}

function unsigned(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes?.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
