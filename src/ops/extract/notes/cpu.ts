// The registers of one CPU, by the names of its vmsd.

import { MigrationStreamError } from '../../../base/errors.js';
import { deviceLabel, type DeviceState } from '../../../vmstate/index.js';
import { integerAt } from '../../../memory/registers.js';

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
}
