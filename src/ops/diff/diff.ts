// Two saved states compared: what they state, devices field by field, memory page by page. Each stream is read once,
// and both at the same time.

import type { MigrationStream } from '../../open/open-stream.js';
import type { Inflate } from '../../ram/page-decoder.js';
import { readDevices, type StreamDevices } from '../devices/read-devices.js';
import type { Layouts } from '../devices/stream-device.js';
import { both } from './both.js';
import { compareConfiguration, compareForm } from './configuration.js';
import { compareDevices, compareSchemas } from './devices.js';
import { compareBlocks, type MemoryFiles } from './memory.js';
import { PageTable } from './page-table.js';
import { comparePages } from './pages.js';
import type { Diff } from './result.js';
import { Side } from './side.js';

export interface DiffInput {
  readonly label: string;
  /** Opened with `bodies: 'devices'`. A stream that can be sought is read again where pages come in another order. */
  readonly stream: MigrationStream;
  /** Memory of the blocks that the stream leaves out. */
  readonly files?: MemoryFiles | undefined;
}

export interface DiffOptions {
  /** zlib, for the pages of the old `compress` capability. */
  readonly inflate: Inflate;
  /** Layouts for devices that a stream does not describe. */
  readonly layouts?: Layouts | undefined;
  /** Only what the streams describe: the fields of devices without values; no memory. */
  readonly schema?: boolean | undefined;
  /** Count the bytes that differ, not only the pages. */
  readonly bytes?: boolean | undefined;
}

/**
 * The differences. Errors of a stream are in the answer, with what was compared before them; closing the streams is the
 * caller's.
 * @throws MigrationStreamError `not-seekable`: a page must be read again, and the stream is a pipe; `limit-exceeded`;
 *   `io` and `bad-payload` where pages are read again
 */
export async function diff(a: DiffInput, b: DiffInput, options: DiffOptions): Promise<Diff> {
  if (options.schema === true) return diffSchemas(a, b, options);
  const table = new PageTable();
  const sideOptions = { layouts: options.layouts, inflate: options.inflate };
  const first = new Side(a.stream, table, sideOptions);
  const second = new Side(b.stream, table, sideOptions);
  try {
    await comparePages(first, second, table);
  } finally {
    await both(first.close(), second.close());
  }
  const { devices, compared } = compareDevices(first.devices(), second.devices());
  // What a stream did not come to is no difference.
  const known = devices.filter(({ only }) => only === undefined || (only === 'a' ? second : first).error === undefined);
  const none = new Map<string, never>();
  const memory = await compareBlocks(
    { side: first, files: a.files ?? none },
    { side: second, files: b.files ?? none },
    table,
    options.bytes === true,
  );
  return {
    a: { label: a.label, error: first.error },
    b: { label: b.label, error: second.error },
    form: compareForm(first, second),
    configuration: compareConfiguration(first, second),
    devices: known,
    devicesCompared: compared,
    blocks: memory.blocks,
    pagesCompared: memory.pages,
    pagesDifferent: memory.different,
  };
}

/** Devices alone: a file that ends with its vmdescription is not read from the front. */
async function diffSchemas(a: DiffInput, b: DiffInput, { layouts }: DiffOptions): Promise<Diff> {
  const read = (input: DiffInput): Promise<StreamDevices> => readDevices(input.stream.source, { layouts });
  const [first, second] = await both(read(a), read(b));
  const { devices, compared } = compareSchemas(first.devices, second.devices);
  return {
    a: { label: a.label, error: first.error },
    b: { label: b.label, error: second.error },
    form: [],
    configuration: [],
    devices,
    devicesCompared: compared,
    blocks: undefined,
    pagesCompared: 0,
    pagesDifferent: 0,
  };
}
