// The CPU model with its features, and the accelerator. No stream contains them, but a clone needs the same. QEMU
// silently loads a save of a larger CPU into a smaller CPU, and the guest faults later. The features are read from the
// CPU object: query-cpu-model-expansion gives the features that a model should have, not those that this accelerator
// provides. QEMU: x86_cpu_filter_features(), target/i386/cpu.c.

import { findOptions, parseKeyval } from './argv.js';
import type { Machine } from './machine.js';

export interface CpuFacts {
  /** The name for -cpu; null: QEMU's default for the machine. */
  readonly model: string | null;
  /** Properties that are on, sorted; empty where this QEMU cannot list them. */
  readonly features: readonly string[];
  readonly accelerator: string;
}

/** Features of the first CPU; the model from the command line. */
export async function describeCpu(machine: Machine, argv: readonly string[]): Promise<CpuFacts> {
  const asked = findOptions(argv, 'cpu').at(-1);
  const model = asked === undefined ? null : (parseKeyval(asked.value).name ?? null);
  return { ...(await describeFirstCpu(machine)), model };
}

async function accelerator(machine: Machine): Promise<string> {
  const { enabled } = await machine.execute('query-kvm');
  return enabled ? 'kvm' : 'tcg';
}

/** Properties of a CPU that are switches but not guest-visible features. */
const NO_FEATURE =
  /^(realized|hotplugged|hotpluggable|unplug|start-powered-off|migratable|enforce|check|full-cpuid-auto-level|legacy-.*|x-.*|.*-migratable)$/;

/** The host's performance counters: on or off under TCG, where no guest sees them. */
const HOST_ONLY = 'pmu';

/**
 * The first CPU after -cpu, machine type and accelerator had their effect: its model without the target's suffix, and
 * every property that is on.
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
