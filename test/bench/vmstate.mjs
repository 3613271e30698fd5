// Device state by the clock: schema and field trees against JSON.parse of the same vmdescription, and against decoders
// that binary-parser compiles from it. `node test/bench/vmstate.mjs [stream.gz]`; medians of alternating rounds, in
// milliseconds, as ratios to JSON.parse. Bundles the sources itself: vitest's module runner would slow every import.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Parser } from 'binary-parser/dist/binary_parser.js';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));
const WARM = 60;
const ROUNDS = 31;

const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));
const entry = join(folder, 'entry.ts');
writeFileSync(
  entry,
  `export * from '${root}src/vmstate/index.ts';\nexport { openStream } from '${root}src/open/open-stream.ts';\n`,
);
const bundle = await rolldown({ input: entry, platform: 'node', resolve: { modules: [`${root}node_modules`] } });
await bundle.write({ file: join(folder, 'bundle.mjs'), format: 'esm' });
const { decodeDevice, openStream, parseSchema, visitLeaves, ArrayBranch } = await import(
  pathToFileURL(join(folder, 'bundle.mjs')).href
);
rmSync(folder, { recursive: true });

const file = process.argv[2] ?? `${root}fixtures/streams/7.2.22-q35-devices/state.gz`;
const { json, payloads } = await read(new Uint8Array(gunzipSync(readFileSync(file))));
const schema = parseSchema(json);
const pairs = schema.devices.map((device) => [device, payloads.get(`${device.name}/${device.instanceId}`)]);

/** Every node, values read; of an array that one entry describes, the array. */
function nodes(node) {
  if (node.kind === 'leaf') return node.value === undefined ? 0 : 1;
  if (node instanceof ArrayBranch && node.segments.length === 1) return 1;
  let count = 1;
  for (const child of node.children()) count += nodes(child);
  return count;
}

const decodeAll = (of, use) =>
  of.reduce((sum, device, index) => sum + use(decodeDevice(device, pairs[index][1]).root), 0);
let compiled = compileAll();

const contenders = {
  'JSON.parse': () => JSON.parse(Buffer.from(json).toString('latin1')),
  schema: () => parseSchema(json),
  'schema and trees': () => decodeAll(parseSchema(json).devices, nodes),
  trees: () => decodeAll(schema.devices, nodes),
  'trees, every element': () => {
    let count = 0;
    decodeAll(schema.devices, (node) => (visitLeaves(node, (leaf) => (count += leaf.value === undefined ? 0 : 1)), 0));
    return count;
  },
  'binary-parser, compiled before': () =>
    compiled.forEach((parser, index) => parser.parse(Buffer.from(pairs[index][1]))),
  'binary-parser, compiling': () => {
    compiled = compileAll();
    contenders['binary-parser, compiled before']();
  },
};

const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (const [name, run] of Object.entries(contenders))
  for (let i = 0; i < (name.includes('compiling') ? 3 : WARM); i += 1) run();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(contenders)) {
    const start = performance.now();
    run();
    times[name].push(performance.now() - start);
  }
}
const median = (list) => [...list].sort((x, y) => x - y)[list.length >> 1];
const unit = median(times['JSON.parse']);
console.log(
  `${json.length} bytes of vmdescription, ${pairs.length} devices, ${[...payloads.values()].reduce((sum, one) => sum + one.length, 0)} bytes of payload`,
);
console.log(`${contenders['trees']()} nodes, ${contenders['trees, every element']()} leaves`);
const least = Math.min(...times['JSON.parse']);
for (const [name, list] of Object.entries(times)) {
  const [mid, min] = [median(list), Math.min(...list)];
  console.log(
    `${name.padEnd(32)} ${mid.toFixed(2).padStart(8)} ms ${(mid / unit).toFixed(2).padStart(7)} x   least ${min.toFixed(2).padStart(7)} ms ${(min / least).toFixed(2).padStart(7)} x`,
  );
}

async function read(bytes) {
  const stream = await openStream(bytes);
  const found = new Map();
  let parts = [];
  let text;
  for await (const event of stream.events()) {
    if (event.kind === 'vmdescription') text = event.json;
    if (event.kind !== 'payload') continue;
    parts.push(event.bytes.slice());
    if (!event.last) continue;
    found.set(`${event.section.idstr}/${event.section.instanceId}`, new Uint8Array(Buffer.concat(parts)));
    parts = [];
  }
  await stream.close();
  return { json: text, payloads: found };
}

/** One parser per device; names out of the file never reach the generated code. PCI and virtio stay buffers. */
function compileAll() {
  const primitive = { bool: 'uint8', timer: 'int64be', fd: 'uint8', nullptr: 'uint8' };
  for (const width of [8, 16, 32, 64])
    for (const sign of ['int', 'uint']) primitive[`${sign}${width}`] = width === 8 ? `${sign}8` : `${sign}${width}be`;
  let number = 0;
  const table = (parser, vmsd) => {
    for (const field of vmsd.fields) one(parser, field);
    for (const part of vmsd.subsections) {
      parser.buffer(`f${number++}`, { length: 6 + part.name.length });
      table(parser, part);
    }
    return parser;
  };
  const one = (parser, { type, size, count, struct, inline }) => {
    const name = `f${number++}`;
    const inner = struct ?? (inline.length === 1 ? inline[0] : undefined);
    const of = primitive[type];
    if (inner !== undefined && size > 0) {
      const nested = table(new Parser(), inner);
      if (count === undefined) parser.nest(name, { type: nested });
      else parser.array(name, { type: nested, length: count });
    } else if (of !== undefined) {
      if (count === undefined) parser[of.replace(/be$/, '')](name, { endianness: 'big' });
      else parser.array(name, { type: of, length: count });
    } else parser.buffer(name, { length: size * (count ?? 1) });
  };
  return schema.devices.map(({ vmsd }) => table(new Parser().endianess('big'), vmsd));
}
