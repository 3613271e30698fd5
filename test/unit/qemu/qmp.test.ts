// The parts of the QMP client that need no QEMU: framing under any chunking, the log of events, waiting.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog, MAX_KEPT_EVENTS, type EventMark } from '../../../src/qemu/qmp/events.js';
import { Disconnected, StateError, Timeout } from '../../../src/qemu/qmp/errors.js';
import { LineSplitter } from '../../../src/qemu/qmp/line.js';
import { parseMessage } from '../../../src/qemu/qmp/message.js';
import { until } from '../../../src/qemu/qmp/wait.js';

const timestamp = { seconds: 0, microseconds: 0 };
const patient = { timeoutMs: 1000, lastSeen: () => 'nothing' };

function named(event: string): {
  readonly event: string;
  readonly data: object & Readonly<Record<string, unknown>>;
  readonly timestamp: typeof timestamp;
} {
  return { event, data: {}, timestamp };
}

describe('framing', () => {
  it('gives the same lines however they are cut', () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify({ text })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(lines, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (wanted, cuts) => {
        const bytes = Buffer.from(wanted.map((line) => `${line}\r\n`).join(''));
        const splitter = new LineSplitter();
        const found: string[] = [];
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const size = cuts[n % cuts.length] ?? 1;
          // The buffer is scribbled over afterwards, as a socket may do.
          const piece = Buffer.from(bytes.subarray(at, at + size));
          found.push(...splitter.push(piece));
          piece.fill(0xdd);
          at += size;
        }
        expect(found).toEqual(wanted);
      }),
    );
  });

  it('knows what each message is', () => {
    expect(parseMessage('{"return": {}, "id": 3}')).toEqual({ kind: 'return', id: 3, value: {} });
    expect(parseMessage('{"id": 4, "error": {"class": "GenericError", "desc": "no"}}')).toEqual({
      kind: 'error',
      id: 4,
      class: 'GenericError',
      desc: 'no',
    });
    expect(parseMessage('{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 2}}')).toMatchObject({
      kind: 'event',
      event: { event: 'STOP', data: {} },
    });
    expect(parseMessage('[]')).toBeUndefined();
    expect(() => parseMessage('QEMU 7.2 monitor')).toThrow(SyntaxError);
  });
});

describe('the log of events', () => {
  it('replays from a mark and numbers without gaps', async () => {
    const log = new EventLog();
    log.push(named('A'));
    const mark = log.mark();
    log.push(named('B'));
    expect(await log.wait('B', { ...patient, since: mark })).toMatchObject({ event: 'B', sequence: 1 });
    const next = log.wait('B', patient);
    log.push(named('B'));
    expect(await next).toMatchObject({ sequence: 2 });
    expect(log.since(mark).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('says so when a mark is older than what it keeps', async () => {
    const log = new EventLog();
    const mark: EventMark = log.mark();
    for (let n = 0; n <= MAX_KEPT_EVENTS; n += 1) log.push(named('A'));
    await expect(log.wait('A', { ...patient, since: mark })).rejects.toThrow(StateError);
  });

  it('answers from what it holds after the end, and refuses the rest', async () => {
    const log = new EventLog();
    const mark = log.mark();
    log.push(named('A'));
    const open = log.wait('B', patient);
    log.end(new Disconnected('gone'));
    await expect(open).rejects.toThrow('gone');
    expect(await log.wait('A', { ...patient, since: mark })).toMatchObject({ event: 'A' });
    await expect(log.wait('B', { ...patient, since: mark })).rejects.toThrow('gone');
    const seen: string[] = [];
    for await (const { event } of log.follow(mark)) seen.push(event);
    expect(seen).toEqual(['A']);
  });
});

describe('waiting', () => {
  it('ends at the deadline with what was last seen', async () => {
    const failed = await until(() => undefined, { timeoutMs: 20, what: 'Godot', lastSeen: () => 'a tree' }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(Timeout);
    expect(String(failed)).toContain('waited 0.0 s for Godot; last seen: a tree');
  });
});
