// What the commands that look into guest memory have in common: options, and opening the guest.

import { join } from 'node:path';
import { openMemory } from '../bytes/node/memory-file.js';
import { inflate } from '../bytes/node/inflate.js';
import type { MemoryOrigin } from '../bytes/memory.js';
import type { ByteSource } from '../bytes/source.js';
import type { Layer } from '../container/container.js';
import type { MapEntry } from '../memory/layout.js';
import type { Guest, GuestOptions } from '../ops/guest/guest.js';
import { showDash } from './args.js';
import type { Context } from './command.js';
import { layoutsFrom, schemaFromOption } from './devices.js';
import { positional, texts, type ValuesOf } from './option.js';
import { byteCount, containerChoices, readingOptions, streamOptions } from './options.js';
import { progressOf } from './progress.js';
import { UsageError } from './usage-error.js';
import { memoryOption, targetOf } from './verify/targets.js';

/** The state, and what its memory lacks. */
export const guestOptions = {
  state: positional('A migration stream: a file, - for stdin (with --spool), or a template folder'),
  memory: texts('BLOCK=FILE: the memory of a block that the stream leaves out; again for more'),
  memoryMap: texts('ADDRESS=BLOCK[+OFFSET][:LENGTH],… the places of blocks; by default mstream infers them'),
  ...schemaFromOption,
  ...readingOptions,
};
export type GuestCommandOptions = ValuesOf<typeof guestOptions>;

export interface CommandGuest {
  readonly guest: Guest;
  readonly source: ByteSource;
  /** The path of the state; `-` for stdin. */
  readonly state: string;
  readonly layers: readonly Layer[];
}

/** Opens the guest; it is closed when the command ends. @throws UsageError, MigrationStreamError as openGuest */
export async function commandGuest(
  options: GuestCommandOptions,
  context: Context,
  open?: (source: ByteSource, options: GuestOptions) => Promise<Guest>,
): Promise<CommandGuest> {
  const { host } = context;
  const target = await targetOf(options.state, memoryOption(options.memory ?? [], host.cwd), host.cwd);
  const state = showDash(target.state);
  const files = new Map<string, MemoryOrigin>();
  for (const { block, path, label } of target.memory) {
    const file = await openMemory(path);
    context.defer(() => file.close());
    files.set(block, { ...file, label });
  }
  const layouts = await layoutsFrom(options, target.state, context);
  const { inner: source, layers } = await context.openState(state, containerChoices(options));
  context.defer(() => source.close());
  const progress = progressOf(context, 'reading', state, source);
  const openIt = open ?? (await import('../ops/guest/guest.js')).openGuest;
  const guest = await openIt(source, {
    ...streamOptions(options),
    inflate,
    layouts,
    memory: files,
    onProgress: (position) => progress.update(position),
  });
  progress.stop();
  return { guest, source, state, layers };
}

/** Files that `commandGuest` reads, for refuseSameFiles. */
export function guestFiles({ state, memory, schemaFrom }: GuestCommandOptions, cwd: string): string[] {
  return [
    showDash(state),
    ...(schemaFrom === undefined ? [] : [showDash(schemaFrom)]),
    ...memoryOption(memory ?? [], cwd).map(({ path }) => path),
  ];
}

/** Entries of `--memory-map`. @throws UsageError */
export function mapEntries(texts: readonly string[] | undefined): MapEntry[] {
  return (texts ?? [])
    .flatMap((text) => text.split(','))
    .map((text) => {
      const match = /^([^=]+)=(.+?)(?:\+(\w+))?(?::(\w+))?$/.exec(text);
      if (match === null)
        throw new UsageError(
          `--memory-map ${text}: not ADDRESS=BLOCK[+OFFSET][:LENGTH]`,
          'e.g. 0=pc.ram:3G,4G=pc.ram+3G',
        );
      const [, address, block, offset, length] = match;
      return {
        address: byteCount('memory-map', address!),
        block: block!,
        offset: offset === undefined ? 0 : byteCount('memory-map', offset),
        length: length === undefined ? undefined : byteCount('memory-map', length),
      };
    });
}

/** A file name for a RAM block in `folder`: never a path, whatever the stream calls it. */
export function blockPath(folder: string, idstr: string): string {
  const name = idstr.replace(/[^A-Za-z0-9._@-]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return join(folder, /^\.+$/.test(name) ? name.replaceAll('.', '%2e') : name);
}
