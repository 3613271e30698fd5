// What the commands that look into devices have in common: the option `--schema-from`, reading, and notes of how it was
// read.

import type { StreamDevices } from '../ops/devices/read-devices.js';
import type { Layouts } from '../ops/devices/stream-device.js';
import type { Layer } from '../container/container.js';
import { printable } from '../report/printable.js';
import { showDash, STDIO } from './args.js';
import type { Context } from './command.js';
import type { StateOptions } from './open-state.js';
import { text, type ValuesOf } from './option.js';
import { single } from './options.js';
import { progressOf } from './progress.js';
import { UsageError } from './usage-error.js';

export const schemaFromOption = {
  schemaFrom: text('Layouts for devices that the stream does not describe: another stream, or a -dump-vmstate file'),
};
export type SchemaFromOption = ValuesOf<typeof schemaFromOption>;

/** The file of `--schema-from`, as one that is read; none where the option is absent. @throws UsageError */
export function schemaFiles({ schemaFrom }: SchemaFromOption): string[] {
  const file = single('schema-from', schemaFrom);
  return file === undefined ? [] : [showDash(file)];
}

/** @throws UsageError, MigrationStreamError when nothing can be learned from the file */
export async function layoutsFrom(
  options: SchemaFromOption,
  state: string,
  context: Context,
): Promise<Layouts | undefined> {
  const [path] = schemaFiles(options);
  if (path === undefined) return undefined;
  if (path === STDIO && showDash(state) === STDIO)
    throw new UsageError('the stream and --schema-from cannot both be stdin');
  const { readLayouts } = await import('../ops/devices/schema-from.js');
  return readLayouts(await context.host.openInput(path));
}

export interface ReadState extends StreamDevices {
  readonly label: string;
  readonly size: number | undefined;
  /** The containers around the stream, outermost first. */
  readonly layers: readonly Layer[];
}

/** The devices of `state`, a path or `-`. A walk that could have been none is noted on stderr. */
export async function devicesOf(
  context: Context,
  state: string,
  options: StateOptions & SchemaFromOption,
): Promise<ReadState> {
  const { schemaFrom, containers, ...reading } = options;
  // Only now: `inspect` without devices starts without them.
  const { readDevices } = await import('../ops/devices/read-devices.js');
  const layouts = await layoutsFrom({ schemaFrom }, state, context);
  const path = showDash(state);
  const { inner: source, layers } = await context.openState(path, containers);
  context.defer(() => source.close());
  const progress = progressOf(context, 'reading', path, source);
  const read = await readDevices(source, { ...reading, layouts, onProgress: (position) => progress.update(position) });
  progress.stop();
  if (read.note !== undefined)
    await context.host.stderr.write(`note: ${printable(read.note)}; the stream was read from its start instead\n`);
  const error = read.error === undefined ? undefined : await context.explain(read.error);
  return { ...read, error, label: source.label, size: source.size, layers };
}
