// The registers of one CPU, by the names of its vmsd.

import { MigrationStreamError } from '../base/errors.js';
import { deviceLabel, findInDevice, type DeviceState } from '../vmstate/index.js';
import { integerAt } from './registers.js';

export class Cpu {
  private readonly state: DeviceState;

  constructor(state: DeviceState) {
    this.state = state;
  }

  /** An unsigned integer. @throws MigrationStreamError `unsupported`: the stream's CPU has no such field */
  get(path: string): bigint {
    const value = this.maybe(path);
    if (value !== undefined) return value;
    throw new MigrationStreamError({
      code: 'unsupported',
      message: `${deviceLabel(this.state.device)} has no field ${path}`,
      hint: { code: 'without-registers' },
    });
  }

  maybe(path: string): bigint | undefined {
    const value = integerAt(this.state, path);
    return value === undefined ? undefined : BigInt.asUintN(64, value);
  }

  /** `count` elements of an array, from `first` on. */
  list(path: (index: number) => string, count: number, first = 0): bigint[] {
    return Array.from({ length: count }, (_, i) => this.get(path(first + i)));
  }

  /**
   * The value beside the number `index`: two arrays, numbers and values.
   * @throws MigrationStreamError `unsupported`: the stream's CPU has no such number
   */
  indexed(numbers: string, values: string, index: bigint): bigint {
    const [list] = findInDevice(this.state, numbers);
    const at = list === undefined || list.kind === 'leaf' ? -1 : indexOf(list.bytes, index);
    return this.get(at < 0 ? `${numbers} 0x${index.toString(16)}` : `${values}[${at}]`);
  }
}

/** Which of the big-endian 64-bit numbers is `wanted`; -1: none. */
function indexOf(bytes: Uint8Array, wanted: bigint): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i + 8 <= bytes.length; i += 8) if (view.getBigUint64(i) === wanted) return i / 8;
  return -1;
}
