// `mstream mem STATE read|find|translate …`: guest memory by address.

import { hexBytes } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { searchBytes } from '../../bytes/node/search.js';
import { MAX_MEMORY_SHOWN } from '../../limits.js';
import { viewMemory, type MemoryView } from '../../ops/mem/view.js';
import {
  findDocument,
  mappingText,
  memoryLines,
  readDocument,
  translateDocument,
  type MemoryDocumentHead,
} from '../../report/memory.js';
import { toJson } from '../../report/printable.js';
import { hexText } from '../../report/quantity.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { commandGuest, guestOptions, mapEntries } from '../guest.js';
import { LineWriter } from '../line-writer.js';
import { choice, flag, positionals, text, type Option, type ValuesOf } from '../option.js';
import { byteCount, single } from '../options.js';
import { UsageError } from '../usage-error.js';

const { state, ...shared } = guestOptions;
const options = {
  state,
  action: {
    ...choice(['read', 'find', 'translate'], 'What to do'),
    demandOption: true,
    positional: true,
  } as Option<'read' | 'find' | 'translate'>,
  words: positionals('read ADDRESS [LENGTH]; find TEXT or hex:DIGITS; translate ADDRESS…'),
  cpu: text('Addresses are guest-virtual, by the page tables of this CPU (0 is the first)'),
  range: text('find: only from START to END, or START+LENGTH, in hex'),
  limit: text('find: stop after so many hits (1000)'),
  raw: flag('read: the bytes alone'),
  json: flag('One document (docs/schema/mem.json)'),
  ...shared,
};
type MemOptions = ValuesOf<typeof options>;

export const memCommand = defineCommand({
  options,
  examples: [
    { args: 'mem state read 0x7000 64', text: 'A hexdump of guest-physical memory' },
    { args: 'mem state read 0xffffffff81000000 4K --cpu 0 --raw > text', text: 'By the page tables of the first CPU' },
    { args: "mem state find 'Linux version '", text: 'Where a text stands' },
    { args: 'mem state find hex:deadbeef --range 100000-200000', text: 'Bytes, in one stretch' },
    { args: 'mem state translate 0xffff888000000000 --cpu 1', text: 'From virtual to physical' },
  ],
  async run(options, context) {
    if (options.json === true && options.raw === true) throw new UsageError('--json and --raw are different outputs');
    const cpu = options.cpu === undefined ? undefined : byteCount('cpu', single('cpu', options.cpu)!);
    const work = actions[options.action](options);
    const { guest, source } = await commandGuest(options, context);
    const view = viewMemory(guest, { cpu, map: mapEntries(options.memoryMap) });
    return work(view, context, { mstream: context.host.version, label: source.label, how: view.how, cpu });
  },
});

/** The words are checked before the state is opened. */
type Action = (
  options: MemOptions,
) => (view: MemoryView, context: Context, about: MemoryDocumentHead) => Promise<ExitCode>;

const PIECE = 1024 * 1024;

const read: Action = ({ words, json, raw }) => {
  const [first, second] = words;
  if (words.length > 2) throw new UsageError('read takes an address and a length');
  const address = addressOf(first!);
  const length = second === undefined ? 256 : byteCount('length', second);
  if (length === 0) throw new UsageError('a length of 0');
  if (raw !== true && length > MAX_MEMORY_SHOWN)
    throw new UsageError(`more than ${MAX_MEMORY_SHOWN} bytes to show`, '--raw has no limit');
  return async (view, { host, out }, about) => {
    const bytes = new Uint8Array(Math.min(length, raw === true ? PIECE : length));
    let whole = true;
    const lines = new LineWriter(host.stdout);
    for (let done = 0; done < length; done += bytes.length) {
      const at = address + BigInt(done);
      const part = bytes.subarray(0, Math.min(bytes.length, length - done));
      const { physical } = done === 0 ? await view.translate(at) : { physical: 0 };
      const there = await view.read(at, part);
      if (physical === undefined && !there && part.every((byte) => byte === 0)) throw nothingAt(at);
      whole &&= there;
      // Bytes are a loan of the buffer that the next piece is read into.
      if (raw === true) await host.stdout.write(part.slice());
      else if (json === true) await lines.line(toJson(readDocument(about, at, part, there)));
      else for (const line of memoryLines(at, part, out)) await lines.line(line);
    }
    await lines.flush();
    if (!whole) await host.stderr.write('warning: some of these addresses are not memory and read as zeros\n');
    return exitCode.clean;
  };
};

const find: Action = ({ words, json, range, limit }) => {
  if (words.length > 1) throw new UsageError('find takes one pattern', 'quote a text with spaces');
  const pattern = patternOf(words[0]!);
  const most = limit === undefined ? 1000 : byteCount('limit', single('limit', limit)!);
  const [start, end] = range === undefined ? [undefined, undefined] : rangeOf(single('range', range)!);
  return async (view, { host }, about) => {
    const lines = new LineWriter(host.stdout);
    const hits: bigint[] = [];
    let more = false;
    for await (const hit of view.find(pattern, searchBytes, start, end)) {
      if (hits.length === most) {
        more = true;
        break;
      }
      hits.push(hit);
      if (json !== true) await lines.line(hexText(hit));
    }
    if (json === true) await lines.line(toJson(findDocument(about, pattern, hits, more)));
    await lines.flush();
    if (more) await host.stderr.write(`there are more: --limit N (${most})\n`);
    return hits.length > 0 ? exitCode.clean : exitCode.findings;
  };
};

const translate: Action = ({ words, json }) => {
  const addresses = words.map(addressOf);
  return async (view, { host }, about) => {
    const lines = new LineWriter(host.stdout);
    const rows = [];
    for (const address of addresses) rows.push([address, await view.translate(address)] as const);
    if (json === true) await lines.line(toJson(translateDocument(about, rows)));
    else for (const [address, mapping] of rows) await lines.line(mappingText(address, mapping));
    await lines.flush();
    return rows.every(([, { physical }]) => physical !== undefined) ? exitCode.clean : exitCode.findings;
  };
};

const actions: Readonly<Record<MemOptions['action'], Action>> = { read, find, translate };

function addressOf(word: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(word) || BigInt(word) >= 1n << 64n)
    throw new UsageError(`${word}: not an address`, 'e.g. 0x7000');
  return BigInt(word);
}

function rangeOf(word: string): readonly [bigint, bigint] {
  const match = /^(?:0x)?([0-9a-f]{1,16})([-+])(?:0x)?([0-9a-f]{1,17})$/i.exec(word);
  const [start, second] = match === null ? [0n, 0n] : [BigInt(`0x${match[1]}`), BigInt(`0x${match[3]}`)];
  const end = match?.[2] === '+' ? start + second : second;
  if (end <= start) throw new UsageError(`--range ${word}: not START-END or START+LENGTH in hex`);
  return [start, end];
}

/** At most a page: a longer one is no pattern. */
function patternOf(word: string): Uint8Array {
  const hex = /^hex:((?:[0-9a-f]{2})+)$/i.exec(word)?.[1];
  if (hex === undefined && word.startsWith('hex:')) throw new UsageError(`${word}: not pairs of hex digits`);
  const bytes = hex === undefined ? new TextEncoder().encode(word.replace(/^text:/, '')) : hexBytes(hex);
  if (bytes.length === 0 || bytes.length > 4096) throw new UsageError('a pattern has 1 to 4096 bytes');
  return bytes;
}

function nothingAt(address: bigint): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message: `no memory is at ${hexText(address)}` });
}
