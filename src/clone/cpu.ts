// What no stream says and a clone must have all the same: the CPU model with its features, and the accelerator. QEMU
// loads a save of a larger CPU into a smaller one without a word, and the guest faults later. QEMU:
// query-cpu-model-expansion, qapi/machine-target.json. Imports qemu and its own folder.

import { findOptions, parseKeyval } from '../qemu/argv.js';
import type { Machine } from '../qemu/machine.js';
import { QmpError } from '../qemu/qmp/errors.js';

export interface CpuFacts {
  /** As -cpu names it; null: QEMU's default for the machine. */
  readonly model: string | null;
  /** Properties that are on, sorted; empty where this QEMU cannot say. */
  readonly features: readonly string[];
  readonly accelerator: string;
}

export async function describeCpu(machine: Machine, argv: readonly string[]): Promise<CpuFacts> {
  const asked = findOptions(argv, 'cpu').at(-1);
  const model = asked === undefined ? null : (parseKeyval(asked.value).name ?? null);
  const { enabled } = await machine.execute('query-kvm');
  return { model, features: model === null ? [] : await expand(machine, model), accelerator: enabled ? 'kvm' : 'tcg' };
}

async function expand(machine: Machine, name: string): Promise<string[]> {
  try {
    const { model } = await machine.execute<{ model: { props?: Record<string, unknown> } }>('query-cpu-model-expansion', { type: 'full', model: { name } });
    return Object.entries(model.props ?? {})
      .filter(([, state]) => state === true)
      .map(([feature]) => feature)
      .sort();
  } catch (error) {
    if (error instanceof QmpError) return []; // not every target and model can be expanded
    throw error;
  }
}
