// "The guest is ready" as conditions to wait for: an event, a text in the file of a serial console or debugcon, or a
// time. Every wait has a deadline and ends at once when QEMU dies.

import { open } from 'node:fs/promises';
import type { Machine } from './machine.js';
import type { EventMark } from './qmp/events.js';
import { pending, until } from './qmp/wait.js';

export type Readiness =
  | { readonly kind: 'event'; readonly event: string; readonly since?: EventMark }
  /** The file (bytes, any encoding) contains this text. */
  | { readonly kind: 'text'; readonly file: string; readonly text: string }
  /** A plain delay, for guests that cannot report it. Milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number };

export interface ReadyOptions {
  /** Milliseconds; 60,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const READY_TIMEOUT = 60_000;

/** Maximum number of bytes read from a console at once. The part kept between reads is shorter than the text. */
const PIECE = 64 * 1024;

async function waitForText(
  machine: Machine,
  file: string,
  text: string,
  options: Required<Pick<ReadyOptions, 'timeoutMs'>> & ReadyOptions,
): Promise<void> {
  const wanted = Buffer.from(text, 'utf8');
  const buffer = Buffer.alloc(PIECE);
  let at = 0;
  let last = Buffer.alloc(0);
  const look = async (): Promise<true | undefined> => {
    machine.process.throwIfDead(`before the guest wrote ${JSON.stringify(text)}`);
    const handle = await open(file, 'r').catch(() => undefined);
    if (handle === undefined) return undefined;
    try {
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, PIECE, at);
        if (bytesRead === 0) return undefined;
        at += bytesRead;
        const seen = Buffer.concat([last, buffer.subarray(0, bytesRead)]);
        if (seen.includes(wanted)) return true;
        last = Buffer.from(seen.subarray(-Math.max(wanted.length, 256)));
      }
    } finally {
      await handle.close();
    }
  };
  await until(look, {
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    what: `${JSON.stringify(text)} in ${file}`,
    lastSeen: () =>
      at === 0 ? 'an empty file' : `${at} bytes ending in ${JSON.stringify(last.subarray(-80).toString('latin1'))}`,
  });
}

/** Waits until the guest is ready. @throws Timeout, QemuDied, Disconnected, the signal's reason. */
export async function waitUntilReady(
  machine: Machine,
  readiness: Readiness,
  options: ReadyOptions = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? READY_TIMEOUT;
  if (readiness.kind === 'event') {
    const since = readiness.since === undefined ? {} : { since: readiness.since };
    await machine.waitForEvent(readiness.event, { ...since, timeoutMs, signal: options.signal });
  } else if (readiness.kind === 'text') {
    await waitForText(machine, readiness.file, readiness.text, { ...options, timeoutMs });
  } else {
    const over = pending<undefined>({ timeoutMs: readiness.ms + timeoutMs, signal: options.signal, what: 'a delay' });
    const timer = setTimeout(() => over.resolve(undefined), readiness.ms);
    void machine.process.exited.then(() => over.reject(machine.process.died('before the delay was over')));
    try {
      await over.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
