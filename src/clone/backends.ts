// The memory of a QEMU command line: the memory blocks, their backends, and the same command line with other backends.
// x-ignore-shared leaves out only blocks that a named file backs with share=on (QEMU: ramblock_is_ignored(),
// migration/ram.c, 8.1 and later).

import { findOptions, formatKeyval, parseKeyval, type Keyval } from '../qemu/argv.js';
import { parseSize } from './memory-size.js';

/** A memory backend object of a command line. */
export interface Backend {
  /** Index of its parameter in the argv. */
  readonly index: number;
  /** `memory-backend-file`, `-ram`, `-memfd`, … */
  readonly type: string;
  readonly id: string;
  readonly share: boolean;
  readonly path: string | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  readonly parameter: Keyval;
}

export function backendsOf(argv: readonly string[]): Backend[] {
  return findOptions(argv, 'object').flatMap(({ index, value }) => {
    const parameter = parseKeyval(value);
    const type = parameter.name ?? parameter.values.get('qom-type') ?? '';
    const id = parameter.values.get('id');
    if (!type.startsWith('memory-backend-') || id === undefined) return [];
    return [
      {
        index: index + 1,
        type,
        id,
        share: ['on', 'true', 'yes'].includes(parameter.values.get('share') ?? 'off'),
        path: parameter.values.get('mem-path'),
        size: parseSize(parameter.values.get('size') ?? '', 'b'),
        parameter,
      },
    ];
  });
}

/** The command line with the parameters of each backend changed by `change`. */
export function withBackends(
  argv: readonly string[],
  change: (backend: Backend) => Readonly<Record<string, string>>,
): string[] {
  const changed = [...argv];
  for (const backend of backendsOf(argv)) {
    const values = new Map([...backend.parameter.values, ...Object.entries(change(backend))]);
    changed[backend.index] = formatKeyval({ name: backend.parameter.name, values });
  }
  return changed;
}

/** The memory size that -m gives, in bytes; QEMU's default is 128 MiB. */
export function memorySizeOf(argv: readonly string[]): number {
  const last = findOptions(argv, 'm').at(-1);
  if (last === undefined) return 128 * 2 ** 20;
  const parameter = parseKeyval(last.value);
  return parseSize(parameter.name ?? parameter.values.get('size') ?? '', 'm') ?? 128 * 2 ** 20;
}
