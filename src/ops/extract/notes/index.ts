// Notes of the CPUs, by architecture.

import { MigrationStreamError } from '../../../base/errors.js';
import { architectureOfStates } from '../../../memory/architecture.js';
import { devicesNamed } from '../../../memory/registers.js';
import type { Architecture } from '../../../release/architecture.js';
import type { Guest } from '../../guest/guest.js';
import { armNotes } from './arm.js';
import { Cpu } from '../../../memory/cpu.js';
import type { CpuNotes } from './note.js';
import { ppcNotes } from './ppc.js';
import { riscvNotes } from './riscv.js';
import { s390xNotes } from './s390x.js';
import { x86Notes } from './x86.js';

const makers: Partial<Record<Architecture, (cpus: readonly Cpu[]) => CpuNotes>> = {
  x86: x86Notes,
  arm: armNotes,
  riscv: riscvNotes,
  ppc: ppcNotes,
  s390x: s390xNotes,
};

/** @throws MigrationStreamError `unsupported`: no CPU that is decoded, or of an architecture without notes */
export function cpuNotes({ machine, devices, opaque }: Guest): CpuNotes & { readonly count: number } {
  const cpus = devicesNamed(devices, 'cpu');
  const architecture = architectureOfStates(machine, devices);
  const make = architecture && makers[architecture];
  if (make !== undefined && cpus.length > 0)
    return { ...make(cpus.map((state) => new Cpu(state))), count: cpus.length };
  throw new MigrationStreamError({
    code: 'unsupported',
    message:
      cpus.length === 0
        ? `the stream has no CPU that can be read${opaque === undefined ? '' : `: ${opaque}`}`
        : `no core notes for the CPUs of ${architecture ?? 'an unknown architecture'}`,
    hint: { code: 'without-registers' },
  });
}
