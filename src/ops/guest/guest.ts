// A guest as a stream leaves it: its RAM blocks, its devices, its machine type. For the operations that look into
// guest memory.

import { MigrationStreamError } from '../../base/errors.js';
import type { MemoryOrigin } from '../../bytes/memory.js';
import type { ByteSource } from '../../bytes/source.js';
import { GuestBlocks } from '../../memory/guest-blocks.js';
import { openGuestMemory, type GuestMemoryOptions } from '../../open/guest-memory.js';
import { countStalePages } from '../../ram/mapped/stale.js';
import type { StreamEvent } from '../../stream/event.js';
import type { DeviceState } from '../../vmstate/index.js';
import { readDevices, type DevicesOptions } from '../devices/read-devices.js';

export interface GuestOptions extends GuestMemoryOptions, Pick<DevicesOptions, 'layouts'> {
  /** Memory files of blocks that the stream left out, by idstr. */
  readonly memory?: ReadonlyMap<string, MemoryOrigin> | undefined;
}

export interface Guest {
  readonly memory: GuestBlocks;
  readonly devices: readonly DeviceState[];
  /** As the configuration names it. */
  readonly machine: string | undefined;
  /** Why some devices are not decoded; undefined when all are. */
  readonly opaque: string | undefined;
  /**
   * Pages of mapped-ram blocks whose old bytes are still in the file although their bit is clear. Reads their places.
   */
  stalePages(): Promise<number>;
}

/**
 * Opens the guest of `source`, a stream that can be sought. Reads the stream once, and its devices from the end where
 * they can be. The source stays open.
 * @throws MigrationStreamError as openGuestMemory and readDevices; what ends the devices too early
 */
export async function openGuest(source: ByteSource, options: GuestOptions): Promise<Guest> {
  let machine: string | undefined;
  const mapped: { bitmap: number; pages: number; usedLength: number }[] = [];
  const observe = (event: StreamEvent): void => {
    if (event.kind === 'configuration') machine = event.configuration.machine;
    if (event.kind !== 'ram-blocks') return;
    const base = event.mappedBase ?? 0;
    for (const { usedLength, mapped: header } of event.blocks)
      if (header !== undefined && header.pagesOffset > 0)
        mapped.push({ bitmap: header.bitmapOffset - base, pages: header.pagesOffset - base, usedLength });
  };
  const memory = await openGuestMemory(source, { ...options, observe });
  const { onProgress: _, ...quiet } = options;
  const { devices, error } = await readDevices(source, quiet);
  if (error !== undefined) throw error;
  return {
    memory: new GuestBlocks(memory, options.memory),
    devices: devices.map(({ state }) => state),
    machine,
    opaque: devices.find(({ reason }) => reason !== undefined)?.reason,
    async stalePages() {
      let stale = 0;
      for (const place of mapped) stale += (await countStalePages(source, place, memory.pageSize)) ?? 0;
      return stale;
    },
  };
}

/** @throws MigrationStreamError `unsupported`: no page of a block in `wanted` is there */
export function requireBlocks({ memory }: Guest, wanted: Iterable<number>): void {
  for (const block of new Set(wanted)) {
    if (!memory.isMissing(block)) continue;
    const { idstr } = memory.blocks[block]!;
    throw new MigrationStreamError({
      code: 'unsupported',
      message: `no page of ${JSON.stringify(idstr)} is in this stream`,
      hint: { code: 'memory-file-of', block: idstr },
    });
  }
}
