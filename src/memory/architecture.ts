// The architecture of a stream's guest, from its machine type and the fields of its CPU.

import { architectureOf, type Architecture } from '../release/architecture.js';
import { findInDevice, type DeviceState } from '../vmstate/index.js';
import { deviceNamed } from './registers.js';

/** Undefined: neither the machine type nor a decoded CPU tells. */
export function architectureOfStates(
  machine: string | undefined,
  devices: readonly DeviceState[],
): Architecture | undefined {
  const cpu = deviceNamed(devices, 'cpu');
  return architectureOf(machine, cpu && ((field) => findInDevice(cpu, field).length > 0));
}
