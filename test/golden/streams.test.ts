// Every captured stream: each byte in exactly one span, identity through the writer from a file and from a pipe
// whatever the window, the block table that QEMU itself printed, and what an independent reader found in the bytes.
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySink, memorySource } from '../../src/bytes/source.js';
import { createWriter } from '../../src/open/create-writer.js';
import { openStream, type OpenOptions } from '../../src/open/open-stream.js';
import { pageKindNames } from '../../src/ram/page-runs.js';
import type { StreamEvent } from '../../src/stream/event.js';
import type { RamBlockEntry } from '../../src/wire/ram-block.js';
import { fixtureBytes, fixtureJson, fixtureNames, ramBlocksOf } from '../support/fixtures.js';

/** Of expected.json, what is compared. */
interface Expected {
  readonly dialect: string;
  readonly items: readonly {
    type: string;
    start: number;
    end: number;
    id?: number;
    idstr?: string;
    instance?: number;
    version?: number;
    payload?: number;
    walk?: string;
    records?: Record<string, number>;
  }[];
  readonly blocks: readonly {
    name: string;
    length: number;
    gpa?: number;
    ignored?: number;
    records: Record<string, number>;
  }[];
  readonly vmdescription?: { offset: number; length: number };
}

test('there are captures to look at', () => expect(fixtureNames.length).toBeGreaterThanOrEqual(9));

describe.each(fixtureNames)('%s', (name) => {
  const bytes = fixtureBytes(name);
  const slabs: readonly OpenOptions[] = [
    { poison: true },
    { slabSize: 777, poison: true },
    ...(bytes.length < 1 << 20 ? [{ slabSize: 13 }] : []),
    ...(/^4\..*shared$/.test(name) ? [{ slabSize: 1 }] : []),
  ];

  test.each(
    slabs.flatMap((options) => [
      { ...options, pipe: false },
      { ...options, pipe: true },
    ]),
  )('spans tile, bytes come back: %o', async ({ pipe, ...options }) => {
    const sink = memorySink();
    const writer = createWriter(sink);
    const source = pipe ? forwardSource(memorySource(bytes)) : memorySource(bytes);
    const stream = await openStream(source, options);
    let at = 0;
    for await (const event of stream.events()) {
      // A disagreement is told when the vmdescription was read, and names the place of its section.
      const late = event.kind === 'warning' && event.code === 'vmdescription-disagrees';
      if (late) expect(event.span.end).toBeLessThanOrEqual(at);
      else if (event.span.start !== at) expect(event.span.start, `${event.kind} after ${at}`).toBe(at);
      if (!late) at = event.span.end;
      await writer.write(event);
    }
    await writer.finish();
    await stream.close();
    expect(at).toBe(bytes.length);
    expect(Buffer.compare(sink.bytes(), bytes)).toBe(0);
  });

  test('the block table is what `info ramblock` said', async () => {
    const truth = fixtureJson<{ info_ramblock: string }>(name, 'truth.json')!;
    const { blocks } = await walk(bytes);
    const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
    expect(blocks.map((block) => ({ name: block.idstr, used: block.usedLength })).sort(byName)).toEqual(
      ramBlocksOf(truth.info_ramblock).sort(byName),
    );
  });

  // Written for the captures of 4.0 and 4.1 only.
  const expected = fixtureJson<Expected>(name, 'expected.json');
  if (expected === undefined) return;
  test('what an independent reader found', async () => {
    const found = await walk(bytes);
    expect(found.layout).toBe(
      { plain: 'plain', 'gpa-4.0': 'ignore-shared-4.0', 'gpa-4.1': 'ignore-shared-4.1' }[expected.dialect],
    );
    const rows = expected.items.map(
      ({ type, start, end, id, idstr, instance, version, payload, walk: how, records }) => ({
        type,
        start,
        end,
        id,
        idstr,
        instance,
        version,
        payload,
        boundary: how === 'exact' ? 'vmdescription' : undefined,
        records,
      }),
    );
    expect(found.rows).toEqual(rows);
    expect(
      found.blocks.map((block, i) => ({
        name: block.idstr,
        length: block.usedLength,
        gpa: block.gpa,
        ignored: block.ignored,
        records: found.records[i] ?? {},
      })),
    ).toEqual(
      // The other channels of multifd are not part of the stream.
      expected.blocks.map(({ name: block, length, gpa, ignored, records: { MULTIFD: _, ...records } }) => ({
        name: block,
        length,
        gpa: gpa === undefined ? undefined : BigInt(gpa),
        ignored,
        records,
      })),
    );
  });
});

type Row = { [K in keyof Expected['items'][number]]: Expected['items'][number][K] } & { boundary?: string | undefined };

const recordNames = { zero: 'ZERO', page: 'PAGE', xbzrle: 'XBZRLE', compressed: 'COMPRESS' } as const;
const markNames = { eos: 'EOS', hook: 'HOOK', 'multifd-flush': 'MULTIFD_FLUSH' } as const;

/** The stream in the terms of expected.json. */
async function walk(
  bytes: Uint8Array,
): Promise<{ rows: Row[]; blocks: RamBlockEntry[]; records: Record<string, number>[]; layout: string | undefined }> {
  const rows: Row[] = [];
  const blocks: RamBlockEntry[] = [];
  const records: Record<string, number>[] = [];
  let layout: string | undefined;
  let row: Row | undefined;
  const count = (into: Record<string, number>, key: string, times = 1): void =>
    void (into[key] = (into[key] ?? 0) + times);
  const stream = await openStream(bytes);
  for await (const event of stream.events()) {
    switch (event.kind) {
      case 'section-open':
        row = sectionRow(event);
        rows.push(row);
        break;
      case 'payload':
        row!.boundary = event.boundary;
        break;
      case 'section-close':
        row!.end = event.span.end;
        break;
      case 'dialect':
        if (event.fact === 'layout') layout = String(event.value);
        break;
      case 'ram-blocks':
        if (!event.continues) count(row!.records!, 'MEM_SIZE');
        blocks.push(...event.blocks);
        break;
      case 'ram-mark':
        count(row!.records!, markNames[event.mark]);
        break;
      case 'pages':
        for (let i = 0; i < event.runs.count; i += 1) {
          const kind = recordNames[pageKindNames[event.runs.kind[i]!]!];
          count(row!.records!, kind, event.runs.pages[i]!);
          count((records[event.runs.block[i]!] ??= {}), kind, event.runs.pages[i]!);
        }
        break;
      case 'eof':
      case 'vmdescription':
        rows.push({
          type: event.kind.toUpperCase(),
          ...event.span,
          id: undefined,
          idstr: undefined,
          instance: undefined,
          version: undefined,
          payload: undefined,
          boundary: undefined,
          records: undefined,
        } as unknown as Row);
        break;
    }
  }
  return { rows, blocks, records, layout };
}

function sectionRow({ type, section, span }: Extract<StreamEvent, { kind: 'section-open' }>): Row {
  const { sectionId, idstr, instanceId, versionId } = section;
  return {
    type: type.toUpperCase(),
    start: span.start,
    end: 0,
    id: sectionId,
    idstr,
    instance: instanceId,
    version: versionId,
    payload: span.end,
    boundary: undefined,
    ...(idstr === 'ram' ? { records: {} } : { records: undefined }),
  } as unknown as Row;
}
