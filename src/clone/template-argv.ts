// Makes the template's QEMU command line from the user's: adds missing options, and refuses options that prevent
// cloning before anything is started.

import type { Hint } from '../base/hint.js';
import { Refused } from '../base/refused.js';
import { escapeValue, findOptions, formatKeyval, parseKeyval } from '../qemu/argv.js';
import { backendsOf, memorySizeOf, withBackends } from './backends.js';
import { formatSize } from './memory-size.js';

/** In an argv: stands for the template's folder. Each clone replaces it by its folder. */
export const FOLDER = '<DIR>';
/** In an argv: the clone's number; `template` while the template is made. */
export const NUMBER = '{n}';

/** Capabilities with which a migration to `exec:` or `file:` waits for an answer that never comes. */
const NEVER_COMPLETES = ['return-path', 'postcopy-ram', 'postcopy-preempt', 'x-colo', 'multifd', 'rdma-pin-all'];

const UNCLONABLE: readonly {
  readonly found: (argv: readonly string[]) => boolean;
  readonly why: string;
  readonly hint: Hint;
}[] = [
  {
    found: (argv) => findOptions(argv, 'virtfs', 'fsdev').length > 0 || hasDevice(argv, /^virtio-9p/),
    why: '9p file systems cannot be migrated while they are mounted',
    hint: { code: 'block-device' },
  },
  {
    found: (argv) =>
      hasDevice(argv, /^vhost-user-|^virtio-fs/) ||
      findOptions(argv, 'netdev').some(({ value }) => value.startsWith('vhost-user')),
    why: 'vhost-user devices (virtio-fs among them) keep state in another process, and need memory that is shared with it',
    hint: { code: 'plug-in-later' },
  },
  {
    found: (argv) => findOptions(argv, 'incoming').length > 0,
    why: '-incoming makes a destination, and a template is a source',
    hint: { code: 'leave-option-out' },
  },
  {
    found: (argv) => findOptions(argv, 'daemonize').length > 0,
    why: '-daemonize takes QEMU out of our hands',
    hint: { code: 'leave-option-out' },
  },
];

function hasDevice(argv: readonly string[], name: RegExp): boolean {
  return findOptions(argv, 'device').some(({ value }) => name.test(parseKeyval(value).name ?? ''));
}

export interface TemplateArgvOptions {
  readonly capabilities: readonly string[];
  /** `-machine memory-backend=` exists (QEMU 5.0 and later); otherwise use `-numa node,memdev=`. */
  readonly machineMemoryBackend: boolean;
}

/** The template's argv, with FOLDER in place of the template's folder. @throws Refused */
export function templateArgv(argv: readonly string[], options: TemplateArgvOptions): string[] {
  for (const { found, why, hint } of UNCLONABLE) if (found(argv)) throw new Refused('refused', why, hint);
  for (const name of options.capabilities) {
    if (NEVER_COMPLETES.includes(name))
      throw new Refused(
        'refused',
        `with ${name} a migration into a file never completes: QEMU waits for the destination`,
        { code: 'capability-off' },
      );
  }
  for (const { value } of findOptions(argv, 'global')) {
    const [property = '', state] = value.split('=');
    const name = property.replace(/^migration\.(x-)?/, '');
    if (property.startsWith('migration.') && NEVER_COMPLETES.includes(name) && state !== 'off') {
      throw new Refused('refused', `-global ${value}: the migration into a file never completes`, {
        code: 'leave-option-out',
      });
    }
  }
  const backends = backendsOf(argv);
  if (backends.length === 0) return addMemory(argv, options);
  for (const backend of backends) {
    if (backend.type !== 'memory-backend-file') {
      throw new Refused(
        'refused',
        `memory backend ${backend.id} is a ${backend.type}: only a named file can be mapped by clones`,
        { code: 'file-backend', backend: backend.id },
      );
    }
    if (!backend.share) {
      throw new Refused(
        'refused',
        `memory backend ${backend.id} has share=off: what the guest writes never reaches the file`,
        { code: 'share-on' },
      );
    }
    if (backend.size === undefined)
      throw new Refused('refused', `memory backend ${backend.id} has no size that can be read`);
  }
  // The user may choose a path. Without a path, the file goes where Kata's factory puts it.
  return withBackends(argv, (backend) =>
    backend.path === undefined
      ? { 'mem-path': `${FOLDER}/${backends.length === 1 ? 'memory' : `memory-${backend.id}`}` }
      : {},
  );
}

function addMemory(argv: readonly string[], options: TemplateArgvOptions): string[] {
  if (findOptions(argv, 'mem-path').length > 0) {
    throw new Refused('refused', '-mem-path maps memory privately: what the guest writes never reaches the file', {
      code: 'share-on-backend',
    });
  }
  if (findOptions(argv, 'numa').some(({ value }) => value.startsWith('node'))) {
    throw new Refused('refused', 'NUMA nodes without memory backends', { code: 'backend-of-node' });
  }
  const size = formatSize(memorySizeOf(argv));
  const object = `memory-backend-file,id=mem0,size=${size},share=on,mem-path=${FOLDER}/memory`;
  const use = options.machineMemoryBackend ? ['-machine', 'memory-backend=mem0'] : ['-numa', 'node,memdev=mem0'];
  return [...argv, '-object', object, ...use];
}

/** The argv with folder and number filled in. */
export function fillIn(argv: readonly string[], folder: string, number: string): string[] {
  return argv.map((word) => word.replaceAll(FOLDER, escapeValue(folder)).replaceAll(NUMBER, number));
}

/**
 * The argv of a clone: the same machine by its full name (every QEMU resolves `pc` to a different name), with private
 * memory, waiting for its state.
 */
export function cloneArgv(argv: readonly string[], machine: string | null, extra: readonly string[]): string[] {
  const mapped = withBackends(argv, () => ({ share: 'off' }));
  return [...(machine === null ? mapped : withMachineType(mapped, machine)), ...extra, '-incoming', 'defer'];
}

function withMachineType(argv: readonly string[], machine: string): string[] {
  const at = findOptions(argv, 'M', 'machine').find(({ value }) => {
    const parameter = parseKeyval(value);
    return parameter.name !== undefined || parameter.values.has('type');
  });
  if (at === undefined) return ['-machine', machine, ...argv];
  const { name, values } = parseKeyval(at.value);
  const rest = new Map(values);
  if (name === undefined) rest.delete('type');
  return argv.with(at.index + 1, formatKeyval({ name: machine, values: rest }));
}
