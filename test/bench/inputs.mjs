// The inputs of the benchmarks, made into a temporary folder: a RAM-dense save of 1.5 GB, and an idle guest of 64 GiB
// (16.8 M nine-byte records). Framing is real: configuration, block list, PARTs with footers, a FULL device, EOF,
// vmdescription. StreamWriter could make the same, but then a fault of ours would be in what we measure ourselves with.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { memorySource, openStream } from '../../dist/index.js';

const PAGE = 4096;
const RAM = 2;
const TIMER = 3;
const TIMER_SIZE = 24;
const JSON_TEXT = Buffer.from(
  JSON.stringify({
    page_size: PAGE,
    devices: [
      {
        name: 'timer',
        instance_id: 0,
        vmsd_name: 'timer',
        version: 2,
        fields: [{ name: 'ticks', type: 'buffer', size: TIMER_SIZE }],
      },
    ],
  }),
);

function be(...fields) {
  return Buffer.concat(
    fields.map(([size, value]) => {
      const bytes = Buffer.alloc(size);
      if (size === 8) bytes.writeBigUInt64BE(BigInt(value));
      else bytes.writeUIntBE(value, 0, size);
      return bytes;
    }),
  );
}
const text = (name) => Buffer.concat([be([1, name.length]), Buffer.from(name)]);

/** Header, configuration, RAM START with one block. */
function head(size) {
  const machine = Buffer.from('pc-i440fx-7.2');
  return Buffer.concat([
    be([4, 0x5145564d], [4, 3], [1, 7], [4, machine.length]),
    machine,
    be([1, 1], [4, RAM]),
    text('ram'),
    be([4, 0], [4, 4]),
    be([8, size + 4]),
    text('pc.ram'),
    be([8, size]),
    be([8, 0x10], [1, 0x7e], [4, RAM]),
  ]);
}
const partHead = be([1, 2], [4, RAM]);
const partEnd = be([8, 0x10], [1, 0x7e], [4, RAM]);
/** One FULL device, EOF, vmdescription. */
const tail = Buffer.concat([
  be([1, 4], [4, TIMER]),
  text('timer'),
  be([4, 0], [4, 2]),
  Buffer.alloc(TIMER_SIZE, 1),
  be([1, 0x7e], [4, TIMER]),
  be([1, 0], [1, 6], [4, JSON_TEXT.length]),
  JSON_TEXT,
]);

/** END of RAM, and behind it what stands behind it in a capture: devices, EOF, vmdescription. */
export async function tailOf(capture) {
  const bytes = gunzipSync(readFileSync(new URL(`../../fixtures/streams/${capture}/state.gz`, import.meta.url)));
  const stream = await openStream(memorySource(bytes), { bodies: 'none' });
  let from;
  for await (const event of stream.events())
    if (event.kind === 'section-open' && event.type === 'full') from ??= event.span.start;
  await stream.close();
  return Buffer.concat([be([1, 3], [4, RAM]), be([8, 0x10], [1, 0x7e], [4, RAM]), bytes.subarray(from)]);
}

/**
 * `records` of a guest of `guest` pages, in order and round after round, `perPart` in each PART. `body(record)` answers
 * undefined for a zero page, a page, or an XBZRLE delta with its head.
 */
function write(path, records, perPart, body, end = tail, guest = records) {
  const file = openSync(path, 'w');
  writeSync(file, head(guest * PAGE));
  const chunk = Buffer.alloc(8 * 1024 * 1024);
  let at = 0;
  const flush = () => {
    writeSync(file, chunk, 0, at);
    at = 0;
  };
  const put = (bytes) => {
    if (at + bytes.length > chunk.length) flush();
    at += bytes.copy(chunk, at);
  };
  const name = text('pc.ram');
  for (let page = 0; page < records; page += 1) {
    if (page % perPart === 0) put(partHead);
    const content = body(page);
    if (at + PAGE + 32 > chunk.length) flush();
    const address = (page % guest) * PAGE;
    const flags = flagOf(content) | (page === 0 ? 0 : 0x20);
    chunk.writeUInt32BE(Math.floor(address / 2 ** 32), at);
    chunk.writeUInt32BE((address % 2 ** 32) + flags, at + 4);
    at += 8;
    if (page === 0) at += name.copy(chunk, at);
    if (content === undefined) chunk[at++] = 0;
    else at += content.copy(chunk, at);
    if (page % perPart === perPart - 1 || page === records - 1) put(partEnd);
  }
  if (end.length > chunk.length - at) flush();
  put(end);
  flush();
  closeSync(file);
  return path;
}

function flagOf(content) {
  if (content === undefined) return 0x02;
  return content.length === PAGE ? 0x08 : 0x40;
}

/** 144 PARTs; 27 % zero pages scattered, the rest different from each other. */
export function writeDense(path, records = 524_288, end = tail) {
  const content = Buffer.alloc(PAGE);
  for (let i = 0; i < PAGE; i += 1) content[i] = (i * 167) & 0xff;
  return write(
    path,
    records,
    Math.ceil(records / 144),
    (page) => {
      if ((page * 2_654_435_761) % 100 < 27) return undefined;
      content.writeUInt32LE(page, 0);
      return content;
    },
    end,
  );
}

/** Every page once, and `rounds` times more as an XBZRLE delta that changes four bytes. */
export function writeDeltas(path, guest, rounds) {
  const content = Buffer.alloc(PAGE, 0x5a);
  // Mark of the encoding, length, 16 bytes that stay, 4 that change.
  const delta = be([1, 1], [2, 6], [1, 16], [1, 4], [4, 0]);
  return write(
    path,
    guest * (rounds + 1),
    65_536,
    (record) => {
      const bytes = record < guest ? content : delta;
      bytes.writeUInt32LE(record, bytes === delta ? 5 : 0);
      return bytes;
    },
    tail,
    guest,
  );
}

export function writeIdle(path, records = 16_777_216, end = tail) {
  return write(path, records, records, () => undefined, end);
}
