// What no stream says and a clone must have all the same: the CPU model with its features, and the accelerator. QEMU
// loads a save of a larger CPU into a smaller one without a word, and the guest faults later. Asked of the CPU itself:
// query-cpu-model-expansion tells what a model should have, not what this accelerator left of it. QEMU:
// x86_cpu_filter_features(), target/i386/cpu.c. Imports qemu/ files below it.

import { findOptions, parseKeyval } from './argv.js';
import type { Machine } from './machine.js';

export interface CpuFacts {
  /** As -cpu names it; null: QEMU's default for the machine. */
  readonly model: string | null;
  /** Properties that are on, sorted; empty where this QEMU cannot say. */
  readonly features: readonly string[];
  readonly accelerator: string;
}

/** Of the first CPU; its model as the command line asks for it. */
export async function describeCpu(machine: Machine, argv: readonly string[]): Promise<CpuFacts> {
  const asked = findOptions(argv, 'cpu').at(-1);
  const model = asked === undefined ? null : (parseKeyval(asked.value).name ?? null);
  return { ...(await describeFirstCpu(machine)), model };
}

async function accelerator(machine: Machine): Promise<string> {
  const { enabled } = await machine.execute('query-kvm');
  return enabled ? 'kvm' : 'tcg';
}

/** Properties of a CPU that are switches, but no features of what the guest sees. */
const NO_FEATURE =
  /^(realized|hotplugged|hotpluggable|unplug|start-powered-off|migratable|enforce|check|full-cpuid-auto-level|legacy-.*|x-.*|.*-migratable)$/;

/** The host's performance counters: on or off under TCG, where no guest sees them. */
const HOST_ONLY = 'pmu';

/**
 * The first CPU as it is, whatever -cpu, machine type and accelerator made of it: its model without the target's
 * suffix, and every property that is on.
 */
export async function describeFirstCpu(machine: Machine): Promise<CpuFacts> {
  const accel = await accelerator(machine);
  const path = (await machine.execute<readonly { 'qom-path': string }[]>('query-cpus-fast'))[0]?.['qom-path'];
  if (path === undefined) return { model: null, features: [], accelerator: accel };
  const properties = await machine.execute<readonly { name: string; type: string }[]>('qom-list', { path });
  const switches = properties
    .filter(({ name, type }) => type === 'bool' && !NO_FEATURE.test(name) && (name !== HOST_ONLY || accel === 'kvm'))
    .map(({ name }) => name);
  const states = await Promise.all(
    switches.map((property) => machine.execute('qom-get', { path, property }).catch(() => false)),
  );
  const type = await machine.execute('qom-get', { path, property: 'type' });
  return {
    model: typeof type === 'string' ? type.replace(/-[a-z0-9_]+-cpu$/, '') : null,
    features: switches.filter((_, i) => states[i] === true).sort(),
    accelerator: accel,
  };
}
