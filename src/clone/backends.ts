// The memory of a QEMU command line: which blocks there are, what backs them, and the same command line with other
// backing. x-ignore-shared leaves out only blocks that a named file backs with share=on (QEMU: ramblock_is_ignored(),
// migration/ram.c, 8.1 and later). Imports qemu/argv and its own folder.

import { findOptions, formatKeyval, parseKeyval, type Keyval } from '../qemu/argv.js';
import { parseSize } from './memory-size.js';

/** One memory backend object of a command line. */
export interface Backend {
  /** Where its parameter stands in the argv. */
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

/** The command line with each backend's parameters changed as `change` says. */
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

/** What -m says, in bytes; QEMU's own default is 128 MiB. */
export function memorySizeOf(argv: readonly string[]): number {
  const last = findOptions(argv, 'm').at(-1);
  if (last === undefined) return 128 * 2 ** 20;
  const parameter = parseKeyval(last.value);
  return parseSize(parameter.name ?? parameter.values.get('size') ?? '', 'm') ?? 128 * 2 ** 20;
}
