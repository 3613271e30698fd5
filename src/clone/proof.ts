// The proof of a clone, by reading guest memory. A clone begins with exactly the template's memory and registers. It
// runs. Its writes reach neither another clone nor the template's file.

import type { Machine } from '../qemu/machine.js';
import { until } from '../qemu/qmp/wait.js';
import { COUNTER } from './guest.js';
import type { CloneResult } from './clone.js';
import { resumeMachine } from './clone.js';

/** The state of a stopped VM. */
export interface Snapshot {
  readonly memory: Buffer;
  readonly registers: string;
}

/** A claim, and whether it was proved. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const COUNT_TIMEOUT = 60_000;

export async function takeSnapshot(machine: Machine, memorySize: number): Promise<Snapshot> {
  return { memory: await machine.readMemory(0, memorySize), registers: comparableRegisters(await machine.registers()) };
}

/**
 * Registers without values that are not guest state: the halted mark, and the lazily computed flags, which TCG prints
 * differently.
 */
function comparableRegisters(text: string): string {
  return text
    .split('\n')
    .filter((line) => /^(E|R)[A-Z0-9]+\s*=|^[CDEFGS]S\s*=|^(LDT|TR|GDT|IDT)|^CR|^DR|^XMM|^FPR|^FCW/.test(line))
    .map((line) => line.replace(/ CCS=.*| HLT=\d| A20=\d/g, '').trimEnd())
    .join('\n');
}

export async function readCounter(machine: Machine): Promise<number> {
  return (await machine.readMemory(COUNTER, 4)).readUInt32LE(0);
}

/** Waits until the guest's counter has grown. @throws Timeout, QemuDied */
export async function waitForCount(machine: Machine, from: number, signal?: AbortSignal): Promise<number> {
  let last = from;
  const look = async (): Promise<number | undefined> => {
    last = await readCounter(machine);
    return last === from ? undefined : last;
  };
  return until(look, {
    timeoutMs: COUNT_TIMEOUT,
    signal,
    what: 'the guest to count on',
    lastSeen: () => `counter ${last}`,
  });
}

/** Paused clones: each equals the template, byte for byte. */
export async function checkEqual(template: Snapshot, clones: readonly CloneResult[]): Promise<Check[]> {
  let memory = 0;
  let registers = 0;
  for (const clone of clones) {
    if (!clone.ok) continue;
    const snapshot = await takeSnapshot(clone.machine, template.memory.length);
    if (snapshot.memory.equals(template.memory)) memory += 1;
    if (snapshot.registers === template.registers) registers += 1;
  }
  return [
    counted('each clone begins with the template’s memory', memory, clones.length),
    counted('each clone begins with the template’s registers', registers, clones.length),
  ];
}

/**
 * One clone after the other runs, writes and is stopped. After each, all clones that have not run still equal the
 * template, and all clones that have run are unchanged since they stopped.
 */
export async function checkIsolation(
  template: Snapshot,
  clones: readonly CloneResult[],
  signal?: AbortSignal,
): Promise<Check[]> {
  const running = clones.filter((clone) => clone.ok);
  const after = new Map<number, Buffer>();
  let wrote = 0;
  let untouched = 0;
  let compared = 0;
  for (const clone of running) {
    const { machine } = clone;
    const before = await readCounter(machine);
    await resumeMachine(machine, { signal });
    await waitForCount(machine, before, signal);
    await machine.execute('stop');
    const memory = await machine.readMemory(0, template.memory.length);
    if (!memory.equals(template.memory)) wrote += 1;
    after.set(clone.number, memory);
    for (const neighbour of running) {
      if (neighbour === clone) continue;
      compared += 1;
      const is = await neighbour.machine.readMemory(0, template.memory.length);
      if (is.equals(after.get(neighbour.number) ?? template.memory)) untouched += 1;
    }
  }
  return [
    counted('each clone runs and writes its own memory', wrote, clones.length),
    counted('no write reaches another clone', untouched, compared, 'comparisons'),
  ];
}

/** All clones run at once: each answers, and each counter grows. */
export async function checkAlive(clones: readonly CloneResult[], signal?: AbortSignal): Promise<Check[]> {
  const running = clones.filter((clone) => clone.ok);
  await Promise.all(running.map((clone) => resumeMachine(clone.machine, { signal })));
  const alive = await Promise.all(
    running.map(async ({ machine }) => {
      await waitForCount(machine, await readCounter(machine), signal);
      return (await machine.execute('query-status')).running;
    }),
  );
  return [counted('all clones respond while all run', alive.filter(Boolean).length, clones.length)];
}

export function counted(name: string, good: number, all: number, what = 'clones'): Check {
  return { name, ok: good === all && all > 0, detail: `${good} of ${all} ${what}` };
}
