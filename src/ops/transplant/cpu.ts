// What no stream says: CPU model and accelerator. What somebody says of the source, held against what the destination is.
// Imports types of its own folder.

import { cures } from './cures.js';
import type { CpuAnswer } from './report.js';

/** As somebody who knows the source says. */
export interface ToldCpu {
  /** As `-cpu` would name it. */
  readonly cpu: string | undefined;
  readonly accelerator: string | undefined;
}

export interface DestinationCpu {
  /** The destination's `-cpu`, where its command line has one. */
  readonly asked: string | undefined;
  /** What it is, as QEMU names it. */
  readonly model: string | null;
  readonly accelerator: string;
}

/** exact only when both are known and the same. */
export function compareCpu(told: ToldCpu, destination: DestinationCpu): CpuAnswer {
  const mine = destination.asked ?? destination.model ?? 'not known';
  const text = { source: told.cpu === undefined ? undefined : [told.cpu, told.accelerator].filter((part) => part !== undefined).join(', '), destination: `${mine}, ${destination.accelerator}` };
  if (told.accelerator !== undefined && told.accelerator !== destination.accelerator) {
    return { ...text, grade: 'impossible', why: `saved under ${told.accelerator}, and the destination is ${destination.accelerator} (${cures.accelerator(told.accelerator)})` };
  }
  if (told.cpu !== undefined && told.cpu !== destination.asked && told.cpu !== destination.model) {
    return { ...text, grade: 'impossible', why: `the source had ${told.cpu}, the destination has ${mine}: the guest may use what is not there (${cures.cpu(told.cpu)})` };
  }
  if (told.cpu !== undefined && told.accelerator !== undefined) return { ...text, grade: 'exact', why: `${told.cpu} under ${told.accelerator}, as at the source` };
  const open = [told.cpu === undefined ? 'the CPU model' : undefined, told.accelerator === undefined ? 'the accelerator' : undefined].filter((part) => part !== undefined);
  return { ...text, grade: 'assumed', why: `${open.join(' and ')} of the source stand${open.length === 1 ? 's' : ''} in no stream; the destination is ${mine} under ${destination.accelerator}` };
}
