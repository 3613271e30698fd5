// What no stream says: CPU model, features and accelerator. What somebody or something says of the source, held against
// what the destination is. QEMU loads a save of a larger CPU into a smaller one without a word, and the guest faults
// later. Imports types of its own folder.

import { cures } from './merge/cures.js';
import type { CpuAnswer } from './report.js';

/** What is known of the source. */
export interface ToldCpu {
  /** As `-cpu` names it; null: the machine's default; undefined: not known. */
  readonly cpu: string | null | undefined;
  readonly accelerator: string | undefined;
  /** Properties of the CPU that were on, as QEMU names them; undefined: not known. */
  readonly features: readonly string[] | undefined;
}

export interface DestinationCpu {
  /** The destination's `-cpu`, where its command line has one. */
  readonly asked: string | undefined;
  /** What it is, as QEMU names it. */
  readonly model: string | null;
  readonly accelerator: string;
  /** Properties that are on; empty where this QEMU does not say. */
  readonly features: readonly string[];
}

/** Features that a sentence names; the document has all. */
const NAMED = 12;

/** Models that are what the host or the release can do: the same name is not the same CPU. */
const WHATEVER = /^(host|max)(,|$)/;

/** exact only when both are known and the same. */
export function compareCpu(told: ToldCpu, destination: DestinationCpu): CpuAnswer {
  const { cpu, accelerator } = told;
  const donorModel = destination.asked ?? destination.model ?? 'not known';
  const sourceModel = cpu === null ? 'the machine’s default CPU' : (cpu ?? 'a CPU of unknown model');
  const text = {
    source: cpu === undefined ? undefined : [sourceModel, accelerator].filter((part) => part !== undefined).join(', '),
    destination: `${donorModel}, ${destination.accelerator}`,
  };
  if (accelerator !== undefined && accelerator !== destination.accelerator) {
    return {
      ...text,
      grade: 'impossible',
      why: `saved under ${accelerator}, and the destination is ${destination.accelerator} (${cures.accelerator(accelerator)})`,
    };
  }
  // A manifest has the name alone, and the features say what became of it.
  const asked = told.features === undefined ? destination.asked : destination.asked?.split(',')[0];
  const same = cpu === null ? destination.asked === undefined : cpu === asked || cpu === destination.model;
  const missing =
    told.features === undefined || destination.features.length === 0
      ? undefined
      : lacking(told.features, destination.features);
  if (missing !== undefined && missing.length > 0) {
    const cure = same || cpu === null || cpu === undefined ? '' : ` (${cures.cpu(cpu)})`;
    return {
      ...text,
      grade: 'impossible',
      missing,
      why: `the destination’s CPU, ${donorModel}, lacks what the source’s had: ${listText(missing)}${cure}`,
    };
  }
  if (cpu !== undefined && !same) {
    const differ = `the source had ${sourceModel}, the destination has ${donorModel}`;
    if (missing !== undefined) return { ...text, grade: 'assumed', why: `${differ}, which has every feature of it` };
    if (cpu === null) return { ...text, grade: 'assumed', why: differ };
    return { ...text, grade: 'impossible', why: `${differ}: the guest may use what is not there (${cures.cpu(cpu)})` };
  }
  if (cpu === undefined || accelerator === undefined) {
    const open = [
      cpu === undefined ? 'the CPU model' : undefined,
      accelerator === undefined ? 'the accelerator' : undefined,
    ].filter((part) => part !== undefined);
    return {
      ...text,
      grade: 'assumed',
      why: `${open.join(' and ')} of the source stand${open.length === 1 ? 's' : ''} in no stream; the destination is ${donorModel} under ${destination.accelerator}`,
    };
  }
  if (missing === undefined && WHATEVER.test(donorModel))
    return {
      ...text,
      grade: 'assumed',
      why: `${donorModel} is what a QEMU and its host can do: of that name alone nobody knows whether it is the same`,
    };
  return {
    ...text,
    grade: 'exact',
    why: `${sourceModel} under ${accelerator}, as at the source${missing === undefined ? '' : ', with every feature of it'}`,
  };
}

/** QEMU has several spellings of one feature: `sse4.1`, `sse4-1`, `sse4_1`. */
function lacking(wanted: readonly string[], there: readonly string[]): string[] {
  const plain = (name: string): string => name.replace(/[._]/g, '-');
  const has = new Set(there.map(plain));
  return [...new Set(wanted.map(plain))].filter((name) => !has.has(name)).sort();
}

function listText(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
