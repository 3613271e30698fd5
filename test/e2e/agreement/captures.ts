// The captures that cases begin from: fixtures where the lab's QEMU is the one that made them and the argv is as
// recorded, otherwise made anew by that QEMU. Imports qemu/, test/e2e/capture, test/support.

import { existsSync, readFileSync } from 'node:fs';
import type { LabQemu } from '../../../src/qemu/lab.js';
import { fixtureBytes, fixtureJson, fixtureNames } from '../../support/fixtures.js';
import { capture } from '../capture/capture.js';
import { scenarios, supports, type Scenario } from '../capture/scenarios.js';
import { dissect, type Anatomy } from './anatomy.js';

export const fixturesFolder = new URL('../../../fixtures/', import.meta.url).pathname;

export interface Base {
  /** `<version>-<scenario>`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Without executable, monitor and -incoming. */
  readonly argv: readonly string[];
  /** Of the source, those that only a source has left out. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly transport: 'exec' | 'file';
  readonly anatomy: Anatomy;
}

const disk = (id: string, size: number): string[] => [
  '-blockdev',
  `driver=null-co,node-name=${id},size=${size},read-zeroes=on`,
  '-device',
  `virtio-blk-pci,drive=${id}`,
];

const tiny = ['-m', '2', '-nodefaults', '-vga', 'none'];
const virtio = [
  '-smp',
  '2',
  '-blockdev',
  'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on',
  '-device',
  'virtio-blk-pci,drive=disk0',
  '-netdev',
  'hubport,id=n0,hubid=0',
  '-device',
  'virtio-net-pci,romfile=,netdev=n0',
  '-device',
  'i6300esb',
  '-chardev',
  'null,id=c0',
  '-device',
  'isa-serial,chardev=c0',
];

/** Only this suite has these. */
const ours: readonly Scenario[] = [
  { name: 'running', what: 'a guest that runs on', argv: ['-M', 'pc', ...tiny], memory: [], running: true },
  {
    name: 'virtio',
    what: 'two CPUs, virtio disk and network, a watchdog, a serial port',
    argv: ['-M', 'pc', ...tiny, ...virtio],
    memory: [],
  },
  {
    name: 'two-disks',
    what: 'two virtio disks, of sizes that differ',
    argv: ['-M', 'pc', ...tiny, ...disk('disk0', 1 << 20), ...disk('disk1', 1 << 21)],
    memory: [],
  },
  { name: 'pc-5.2', what: 'a machine type that all four have', argv: ['-M', 'pc-i440fx-5.2', ...tiny], memory: [] },
  { name: 'virtio-5.2', what: 'the same with devices', argv: ['-M', 'pc-i440fx-5.2', ...tiny, ...virtio], memory: [] },
  {
    name: 'virtio-legacy',
    what: 'devices of before virtio 1.0, in a machine type that offers them no feature above bit 31',
    memory: [],
    argv: [
      '-M',
      'pc-i440fx-5.2',
      ...tiny,
      ...virtio.map((word) => word.replace(/^virtio-\w+-pci/, '$&,disable-modern=on')),
    ],
  },
  {
    name: 'memfd',
    what: 'x-ignore-shared with a memfd',
    capabilities: { 'x-ignore-shared': true },
    memory: [],
    argv: [
      '-M',
      'pc',
      ...tiny,
      '-object',
      'memory-backend-memfd,id=mem0,size=2M,share=on',
      '-numa',
      'node,memdev=mem0',
    ],
  },
];

const table = new Map([...scenarios, ...ours].map((scenario) => [scenario.name, scenario]));

/** What only the sending side may have on. */
const sourceOnly = new Set(['background-snapshot', 'multifd', 'dirty-bitmaps']);

interface Truth {
  readonly argv: readonly string[];
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly uri?: string;
}

/** Can this QEMU make it? */
export function canCapture(scenario: string, version: string): boolean {
  const found = table.get(scenario);
  if (found === undefined) throw new TypeError(`no scenario ${scenario}`);
  return supports(found, version);
}

async function baseOf(name: string, bytes: Uint8Array, truth: Truth): Promise<Base> {
  const capabilities = Object.fromEntries(
    Object.entries(truth.capabilities).filter(([capability]) => !sourceOnly.has(capability)),
  );
  return {
    name,
    bytes,
    argv: truth.argv,
    capabilities,
    transport: truth.uri === 'file:state' ? 'file' : 'exec',
    anatomy: await dissect(bytes),
  };
}

const sameWords = (a: readonly string[], b: readonly string[]): boolean =>
  a.length <= b.length && a.every((word, i) => word === b[i]);

/** Of a release that is only here as fixtures. */
export async function oldBase(version: string, scenario: string): Promise<Base> {
  const name = `${version}-${scenario}`;
  const truth = fixtureJson<Truth>(name, 'truth.json');
  if (truth === undefined) throw new TypeError(`no fixture ${name}`);
  // Their firmware has another name.
  return baseOf(name, fixtureBytes(name), {
    ...truth,
    argv: truth.argv.map((word) => (word === 'tiny.bin' ? 'guest.bin' : word)),
  });
}

/** Made by this QEMU, or by the same version earlier with the same argv. */
export async function baseFor({ version, binary }: LabQemu, scenarioName: string): Promise<Base> {
  const scenario = table.get(scenarioName)!;
  const name = `${version}-${scenarioName}`;
  if (fixtureNames.includes(name)) {
    const truth = fixtureJson<Truth>(name, 'truth.json');
    if (truth !== undefined && sameWords(scenario.argv, truth.argv)) return baseOf(name, fixtureBytes(name), truth);
  }
  const { files, truth } = await capture(binary, scenario, fixturesFolder);
  const bytes = files.get('state') ?? files.get('chan0');
  if (bytes === undefined) throw new Error(`the capture ${name} has no stream`);
  return baseOf(name, Uint8Array.from(bytes), truth as unknown as Truth);
}

/** What the argv of captures needs beside itself. */
export const firmwareFiles: readonly string[] = ['guest.bin', 'guest-dirty.bin']
  .map((name) => `${fixturesFolder}${name}`)
  .filter((path) => existsSync(path) && readFileSync(path).length > 0);
