// The tables of src/release/ against the QEMUs of the lab, in both directions: what a table says a release has is in
// its executable or in its -M help, and what it says came later or went before is not.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { architectureOfTarget, type Architecture } from '../../src/release/architecture.js';
import { capabilities, type CapabilityName } from '../../src/release/capabilities.js';
import { hasFact } from '../../src/release/fact.js';
import { machineFamilies, machineInRelease } from '../../src/release/machines.js';
import { subsectionTables } from '../../src/release/subsections.js';
import { release, type QemuVersion } from '../../src/release/version.js';
import { labSuites, openLab, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine } from '../../src/qemu/machine.js';
import { skip } from './support/loads.js';

if (skip !== undefined) test.skip(`release tables: ${skip}`);

/** Targets that the lab's suites have packages of; m68k and riscv64 are in `misc` up to bookworm. */
const targets = ['x86_64', 'aarch64', 'ppc64', 's390x', 'riscv64'] as const;

/** 5.2 was never captured for other targets, and has their packages. */
const suites = labSuites.map(({ suite }) => suite);

async function qemusOf(target: string): Promise<readonly LabQemu[]> {
  return openLab({ targets: [target], suites, progress: (line) => process.stderr.write(`${line}\n`) });
}

async function machineHelp({ binary }: LabQemu): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(binary.file, [...(binary.before ?? []), '-M', 'help'], {
    env: { ...process.env, ...binary.env },
  });
  return stdout
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s+/, 1))
    .filter((name) => name !== '');
}

/** Every name that a family can have, the version numbers that no release has left out. */
function namesOf(architecture: Architecture): readonly string[] {
  const numbers = [
    ...Array.from({ length: 6 }, (_, minor) => `0.${minor + 10}`),
    ...Array.from({ length: 8 }, (_, minor) => `1.${minor}`),
    ...Array.from({ length: 13 }, (_, minor) => `2.${minor}`),
    '3.0',
    '3.1',
    ...[4, 5, 6, 7, 8, 9, 10, 11].flatMap((major) => [0, 1, 2].map((minor) => `${major}.${minor}`)),
  ];
  return machineFamilies
    .filter((family) => family.architecture === architecture)
    .flatMap(({ prefix, also }) => [...numbers.map((number) => `${prefix}${number}`), ...Object.keys(also ?? {})]);
}

function strings(executable: string): ReadonlySet<string> {
  return new Set(
    readFileSync(executable)
      .toString('latin1')
      .match(/[\x20-\x7e]{4,}/g),
  );
}

describe.skipIf(skip !== undefined)('release tables', async () => {
  for (const target of skip === undefined ? targets : []) {
    const architecture = architectureOfTarget(target)!;
    for (const qemu of await qemusOf(target)) {
      const version: QemuVersion = release(qemu.version);

      test(`qemu-system-${target} ${qemu.version}: machine types`, async () => {
        const listed = await machineHelp(qemu);
        const names = namesOf(architecture);
        const wrong = names.flatMap((name) => {
          const { kind } = machineInRelease(name, version, architecture);
          if (kind === 'has' && !listed.includes(name)) return [`${name} is not there`];
          return kind !== 'has' && kind !== 'unknown' && listed.includes(name) ? [`${name} is there: ${kind}`] : [];
        });
        expect(wrong).toEqual([]);
        // Every versioned name that it lists is in the tables.
        const versioned = listed.filter((name) =>
          machineFamilies.some((family) => family.architecture === architecture && name.startsWith(family.prefix)),
        );
        expect(versioned.filter((name) => machineInRelease(name, version, architecture).kind !== 'has')).toEqual([]);
      });

      test(`qemu-system-${target} ${qemu.version}: subsections`, () => {
        const there = strings(qemu.binary.executable);
        const wrong = subsectionTables
          .filter((table) => table.architecture === undefined || table.architecture === architecture)
          .flatMap(({ rows }) =>
            Object.entries(rows).flatMap(([name, fact]) => {
              const has = hasFact(fact, version);
              if (has === undefined) return [];
              return has === there.has(name) || isOptional(name, target) ? [] : [`${name}: the table says ${has}`];
            }),
          );
        expect(wrong).toEqual([]);
        // Tables that claim to be complete have a row for every name in the executable.
        const missing = subsectionTables
          .filter((table) => table.complete && table.architecture === architecture)
          .flatMap(({ table, rows }) =>
            [...there].filter((name) => /^[\w/-]+$/.test(name) && name.startsWith(`${table}/`) && !(name in rows)),
          );
        expect(missing).toEqual([]);
      });
    }
  }

  for (const qemu of skip === undefined ? await qemusOf('x86_64') : []) {
    test(`qemu-system-x86_64 ${qemu.version}: capabilities`, async () => {
      const version = release(qemu.version);
      const answered = await withMachine(
        { binary: qemu.binary, argv: ['-M', 'none', '-nodefaults', '-S'], accelerator: 'argv' },
        (machine) => machine.execute<readonly { capability: string }[]>('query-migrate-capabilities'),
      );
      const names = answered.map(({ capability }) => capability);
      const wrong = (Object.keys(capabilities) as CapabilityName[]).filter(
        (name) => hasFact(capabilities[name], version) !== names.includes(name),
      );
      expect(wrong).toEqual([]);
      expect(names.filter((name) => !(name in capabilities))).toEqual([]);
    });
  }
});

/** Devices that a target need not be built with. */
function isOptional(name: string, target: string): boolean {
  return target !== 'x86_64' && /^virtio_mmio\/|^fw_cfg\//.test(name);
}
