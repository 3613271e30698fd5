// The address space of one CPU of a stream.

import { MigrationStreamError } from '../../base/errors.js';
import { architectureOfStates } from '../architecture.js';
import { Cpu } from '../cpu.js';
import type { PhysicalReader } from '../physical-reader.js';
import { devicesNamed } from '../registers.js';
import type { DeviceState } from '../../vmstate/index.js';
import { TableReader, type AddressSpace } from './address-space.js';
import { armSpace } from './arm.js';
import { riscvSpace } from './riscv.js';
import { x86Space } from './x86.js';

const spaces: Readonly<Record<string, (cpu: Cpu, tables: TableReader) => AddressSpace>> = {
  x86: x86Space,
  arm: armSpace,
  riscv: riscvSpace,
};

/**
 * `index`: which CPU, counted from 0.
 * @throws MigrationStreamError `unsupported`: no such CPU, or page tables of another architecture
 */
export function addressSpace(
  machine: string | undefined,
  devices: readonly DeviceState[],
  index: number,
  memory: PhysicalReader,
): AddressSpace {
  const cpus = devicesNamed(devices, 'cpu');
  const architecture = architectureOfStates(machine, devices);
  const state = cpus[index];
  const make = architecture && spaces[architecture];
  if (state !== undefined && make !== undefined) return make(new Cpu(state), new TableReader(memory));
  throw new MigrationStreamError({
    code: 'unsupported',
    message:
      state === undefined
        ? `the stream has ${cpus.length} CPUs, none with the number ${index}`
        : `page tables of ${architecture ?? 'an unknown architecture'} are not read`,
  });
}
