// Waiting with a deadline: a promise that is settled once, by its event, by an AbortSignal or by the clock, whichever
// comes first. It leaves no timer and no listener behind. All code in qemu/ waits through this file.

import { Timeout } from './errors.js';

export interface WaitOptions {
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The awaited event or state, for the error. */
  readonly what: string;
  /** Gives the last message, and is called when the time is up. */
  readonly lastSeen?: () => string;
}

export interface Pending<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
  readonly settled: boolean;
}

/** The longest time that a Node timer can hold; a longer deadline has the same effect as no deadline. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A promise with handles for its owner. It rejects with `Timeout` at the deadline, or with the signal's reason. */
export function pending<T>(options: WaitOptions, onSettled?: () => void): Pending<T> {
  let accept!: (value: T) => void;
  let refuse!: (reason: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    accept = resolve;
    refuse = reject;
  });
  let settled = false;
  const settle = (act: () => void): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    onSettled?.();
    act();
  };
  const onAbort = (): void => settle(() => refuse(options.signal?.reason));
  const timer = setTimeout(
    () => settle(() => refuse(new Timeout(options.what, options.timeoutMs, options.lastSeen?.() ?? 'nothing'))),
    Math.min(Math.max(options.timeoutMs, 0), LONGEST_TIMER),
  );
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  return {
    promise,
    resolve: (value) => settle(() => accept(value)),
    reject: (reason) => settle(() => refuse(reason)),
    get settled() {
      return settled;
    },
  };
}

/**
 * Interval between checks of a condition that sends no notice. Checks are frequent at first, then rarer, so that at
 * most a tenth of the waiting time is added. Milliseconds.
 */
const FIRST_LOOK = 1;
const LAST_LOOK = 25;

/**
 * Checks a condition that sends no notice (a socket that appears, a file that grows) until it holds or the deadline
 * passes. `look` returns undefined for "not yet"; an error thrown by it ends the wait.
 * @throws Timeout; the signal's reason.
 */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const end = performance.now() + options.timeoutMs;
  for (let pause = FIRST_LOOK; ; pause = Math.min(pause * 1.15, LAST_LOOK)) {
    options.signal?.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    const left = end - performance.now();
    if (left <= 0) throw new Timeout(options.what, options.timeoutMs, options.lastSeen?.() ?? 'nothing');
    await new Promise<void>((resolve) => setTimeout(resolve, Math.min(pause, left)));
  }
}
