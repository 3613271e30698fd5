// What stands behind the end of a stream: it is looked at once, told, and never taken for a part of the stream.
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySink, memorySource, type ByteSource } from '../../../src/bytes/source.js';
import { MAX_LOOK } from '../../../src/limits.js';
import { readDevices } from '../../../src/ops/devices/read-devices.js';
import { inspect } from '../../../src/ops/inspect.js';
import { rewrite } from '../../../src/ops/rewrite/rewrite.js';
import { openStream } from '../../../src/open/open-stream.js';
import { findInDevice } from '../../../src/vmstate/index.js';
import { fieldCase } from '../../support/cases.js';
import { fixtureBytes } from '../../support/fixtures.js';
import { copyPart } from '../../support/big-streams.js';
import { countingSource, syntheticSource } from '../../support/sources.js';
import { verify } from '../../support/verify.js';

const FIRST = '7.2.22-plain';
const SECOND = '10.0.13-plain';
const first = fixtureBytes(FIRST);
const appended = Buffer.concat([first, fixtureBytes(SECOND)]);

const eip = async (input: ByteSource | Uint8Array, path = 'env.eip'): Promise<string | undefined> => {
  const { devices } = await readDevices(input);
  const cpu = devices.find(({ section }) => section.idstr === 'cpu')!;
  const [node] = findInDevice(cpu.state, path);
  return node?.kind === 'leaf' ? String(node.value) : undefined;
};

describe('two streams in one file', () => {
  test('the first is read, by its own vmdescription, from a file as from a pipe', async () => {
    const alone = await readDevices(first);
    for (const source of [memorySource(appended), forwardSource(memorySource(appended))]) {
      const { devices } = await readDevices(source);
      expect(devices.map(({ section, layout }) => [section, layout])).toEqual(
        alone.devices.map(({ section, layout }) => [section, layout]),
      );
      expect(devices.map(({ state }) => Buffer.from(state.bytes).toString('hex'))).toEqual(
        alone.devices.map(({ state }) => Buffer.from(state.bytes).toString('hex')),
      );
    }
  });

  test('verify tells how much follows and what it is, and finds nothing broken', async () => {
    const { verdict, findings } = await verify(appended);
    expect(verdict).toBe('sound');
    const [told] = findings.filter(({ code }) => code === 'trailing-data');
    expect(told?.text).toContain(`${appended.length - first.length} bytes follow`);
    expect(told?.text).toContain('another migration stream');
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('rewrite drops what follows and says so', async () => {
    const sink = memorySink();
    const { differences } = await rewrite(memorySource(appended), sink, []);
    expect(Buffer.compare(sink.bytes(), first)).toBe(0);
    expect(differences.map(({ what, after }) => [what, after])).toEqual([
      ['bytes behind the end of the stream', 'none'],
    ]);
  });
});

describe('a volume that is longer than its stream', () => {
  const SIZE = 20 * 1024 ** 3;
  const volume = (): ReturnType<typeof countingSource> =>
    countingSource(syntheticSource(SIZE, (into, at) => void copyPart(into.fill(0), at, first, 0)));
  /** Two reads of 64 KiB may reach behind the end of the stream, and one byte of the end of the file is looked at. */
  const allowed = first.length + 128 * 1024 + MAX_LOOK + 1;
  const bytesOf = (source: ReturnType<typeof countingSource>): number =>
    source.reads.reduce((sum, { got }) => sum + got, 0);

  test('inspect and verify read the stream, and one look behind it', async () => {
    const inspected = volume();
    const { totals, warnings } = await inspect(await openStream(inspected, { bodies: 'none' }));
    expect(bytesOf(inspected)).toBeLessThanOrEqual(allowed);
    expect(totals.trailingBytes).toBe(SIZE - first.length);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'trailing-data',
        `${SIZE - first.length} bytes follow the end of the stream: zeros, as in a volume that is longer than the stream`,
      ],
    ]);
    const verified = volume();
    const { verdict, findings } = await verify(verified);
    expect(verdict).toBe('sound');
    expect(findings.map(({ code }) => code)).not.toContain('no-vmdescription');
    expect(bytesOf(verified)).toBeLessThanOrEqual(allowed);
  });

  test('rewrite writes the stream alone, and its own vmdescription is used', async () => {
    const source = volume();
    const sink = memorySink();
    await rewrite(source, sink, []);
    expect(Buffer.compare(sink.bytes(), first)).toBe(0);
    expect(bytesOf(source)).toBeLessThanOrEqual(allowed);
    expect((await readDevices(volume())).devices.every(({ layout }) => layout === 'vmdescription')).toBe(true);
  });
});

test('sections behind an end mark: the mark stands in the middle', async () => {
  const { devices } = await readDevices(first);
  const at = devices[3]!.span.start;
  const { verdict, findings } = await verify(Buffer.concat([first.subarray(0, at), Buffer.of(0), first.subarray(at)]));
  expect(verdict).toBe('broken');
  expect(findings.map(({ code }) => code)).toContain('eof-in-the-middle');
});

test('cases from the field', async () => {
  const over = fieldCase('xen-over-full');
  const two = fieldCase('appended');
  if (over === undefined || two === undefined) return;
  expect(await eip(over)).toBe('69168');
  const offset = async (source: ByteSource): Promise<unknown> => {
    const timer = (await readDevices(source)).devices.find(({ section }) => section.idstr === 'timer')!;
    const [node] = findInDevice(timer.state, 'cpu_ticks_offset');
    return node?.kind === 'leaf' ? String(node.value) : undefined;
  };
  expect(await offset(memorySource(two))).toBe('1588955537');
  expect(await offset(forwardSource(memorySource(two)))).toBe('1588955537');
  for (const bytes of [over, two]) {
    const { verdict, findings } = await verify(bytes);
    expect([verdict, findings.some(({ code }) => code === 'trailing-data')]).toEqual(['sound', true]);
  }
});
