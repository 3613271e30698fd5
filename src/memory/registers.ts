// Values out of device state for the memory rooms: a device by the name of its vmsd, numbers and bytes by path.

import { vmsdNameOf } from '../base/idstr.js';
import { CONVENTIONAL_SIZE } from '../devices/pci/space.js';
import { findInDevice, type DeviceState } from '../vmstate/index.js';

/** The first device with that name, wherever it is plugged in. */
export function deviceNamed(devices: readonly DeviceState[], name: string): DeviceState | undefined {
  return devices.find(({ device }) => vmsdNameOf(device.name) === name);
}

/** All devices with that name, by instance id. */
export function devicesNamed(devices: readonly DeviceState[], name: string): DeviceState[] {
  return devices
    .filter(({ device }) => vmsdNameOf(device.name) === name)
    .sort((a, b) => a.device.instanceId - b.device.instanceId);
}

/** The bytes of the topmost node at `path` that has exactly `length` of them. */
export function bytesAt(state: DeviceState, path: string, length: number): Uint8Array | undefined {
  return findInDevice(state, path).find((node) => node.end - node.start === length)?.bytes;
}

/** PCI configuration space of a device: at least its conventional part. */
export function pciConfig(state: DeviceState): Uint8Array | undefined {
  return findInDevice(state, '*config*').find((node) => node.end - node.start >= CONVENTIONAL_SIZE)?.bytes;
}

/** An integer as a bigint; undefined: the device has no such field. */
export function integerAt(state: DeviceState, path: string): bigint | undefined {
  const [node] = findInDevice(state, path);
  const value = node?.kind === 'leaf' ? node.value : undefined;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'bigint' ? value : typeof value === 'number' ? BigInt(value) : undefined;
}
