// What of the captured device state nobody understands, as docs/limitations.md lists it: by kind of machine and by
// device, over all captures with a vmdescription.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openStream } from '../../src/open/open-stream.js';
import { coverageOf } from '../../src/devices/index.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';
import { devicesOf } from '../support/vmstate.js';

const BEGIN = '<!-- made by test/golden/opaque.test.ts: npm run golden -->\n';
const END = '<!-- end -->';
/** The bar for pc, q35 and microvm: of each capture. */
const MAX_OPAQUE = 0.02;

/** In postcopy and without a vmdescription nobody can tell. Other architectures: test/unit/vmstate/fixtures.test.ts. */
const described = fixtureNames.filter(
  (name) =>
    (!/no-vmdesc|postcopy/.test(name) || name.endsWith('postcopy-ready')) &&
    !/-(aarch64|arm|ppc64|riscv64|s390x)-/.test(name),
);

interface Sums {
  captures: number;
  total: number;
  opaque: number;
  unused: number;
  worst: number;
}

interface OpaqueSpan {
  readonly device: string;
  readonly path: string;
  readonly size: number;
  readonly reason: string;
}

const nothing = (): Sums => ({ captures: 0, total: 0, opaque: 0, unused: 0, worst: 0 });
const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

/** `pc`, `q35`, `microvm`: what stands before the version in the machine's name. */
async function machineOf(bytes: Uint8Array): Promise<string> {
  const stream = await openStream(bytes);
  try {
    for await (const event of stream.events()) {
      if (event.kind === 'configuration') return /q35|microvm/.exec(event.configuration.machine)?.[0] ?? 'pc';
      if (event.kind === 'section-open') break;
    }
    return 'pc';
  } finally {
    await stream.close();
  }
}

async function measure(): Promise<{
  machines: Map<string, Sums>;
  devices: Map<string, Sums>;
  spans: Map<string, OpaqueSpan>;
}> {
  const machines = new Map<string, Sums>();
  const devices = new Map<string, Sums>();
  const spans = new Map<string, OpaqueSpan>();
  for (const name of described) {
    const bytes = fixtureBytes(name);
    const stream = await devicesOf(bytes);
    if (stream === undefined) throw new Error(`${name} has no vmdescription`);
    const sums = nothing();
    for (const state of stream.states) {
      const { total, opaque, unused, gaps, numbered } = coverageOf(state);
      const device = state.device.name.replace(/^.*\//, '');
      const row = devices.get(device) ?? nothing();
      devices.set(device, {
        captures: row.captures + 1,
        total: row.total + total,
        opaque: row.opaque + opaque,
        unused: row.unused + unused,
        worst: Math.max(row.worst, opaque / Math.max(1, total)),
      });
      for (const gap of [...gaps, ...numbered]) {
        const reason = gap.kind === 'leaf' ? (gap.reason ?? '') : 'bytes that are only numbered';
        spans.set(`${device} ${gap.path}`, { device, path: gap.path, size: gap.end - gap.start, reason });
      }
      sums.total += total;
      sums.opaque += opaque;
      sums.unused += unused;
    }
    const machine = await machineOf(bytes);
    const all = machines.get(machine) ?? nothing();
    machines.set(machine, {
      captures: all.captures + 1,
      total: all.total + sums.total,
      opaque: all.opaque + sums.opaque,
      unused: all.unused + sums.unused,
      worst: Math.max(all.worst, sums.opaque / sums.total),
    });
  }
  return { machines, devices, spans };
}

const measured = await measure();

test('at most 2 % of any capture is opaque', () => {
  expect([...measured.machines.keys()].sort()).toEqual(['microvm', 'pc', 'q35']);
  for (const [machine, { worst }] of measured.machines) expect(worst, machine).toBeLessThanOrEqual(MAX_OPAQUE);
});

test('docs/limitations.md', async () => {
  const file = '../../docs/limitations.md';
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const [before, rest = ''] = text.split(BEGIN);
  await expect(`${before}${BEGIN}\n${tables()}\n${rest.slice(rest.indexOf(END))}`).toMatchFileSnapshot(file);
});

function tables(): string {
  const { machines, devices, spans } = measured;
  const byMachine = [...machines]
    .sort()
    .map(
      ([name, { captures, total, opaque, worst, unused }]) =>
        `| ${name} | ${captures} | ${total} | ${percent(opaque / total)} | ${percent(worst)} | ${percent(unused / total)} |`,
    );
  const bySpan = [...spans.values()]
    .sort((x, y) => (x.device + x.path < y.device + y.path ? -1 : 1))
    .map(({ device, path, size, reason }) => `| ${device} | \`${path}\` | ${size} | ${reason} |`);
  const ignored = [...devices]
    .filter(([, { unused }]) => unused > 0)
    .sort(([, x], [, y]) => y.unused / y.captures - x.unused / x.captures);
  return [
    '| machine | captures | device bytes | opaque | at worst | ignored or reserved |',
    '|---|---|---|---|---|---|',
    ...byMachine,
    '',
    ...(bySpan.length === 0
      ? ['Opaque spans, by device: none.']
      : ['| device | opaque span | bytes | why |', '|---|---|---|---|', ...bySpan]),
    '',
    '| device | bytes in one capture | ignored or reserved |',
    '|---|---|---|',
    ...ignored.map(
      ([device, { captures, total, unused }]) =>
        `| ${device} | ${Math.round(total / captures)} | ${Math.round(unused / captures)} |`,
    ),
    '',
  ].join('\n');
}
