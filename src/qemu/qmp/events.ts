// The log of events of a connection. Events are kept, numbered and replayable, so a wait for "MIGRATION completed"
// cannot miss an event that arrived between the command and the wait.

import { Disconnected, StateError } from './errors.js';
import type { QmpEvent } from './message.js';
import { pending, type Pending } from './wait.js';

/** A position in the log: the number of earlier events. */
export type EventMark = number & { readonly __mark: 'qmp event' };

/** Number of kept events. A migration makes about ten, a busy VM a few a second; the oldest are dropped first. */
export const MAX_KEPT_EVENTS = 4096;

export interface EventWait {
  /** Position to start from. The default is now, which is only right when no awaited event can have happened yet. */
  readonly since?: EventMark;
  /** Milliseconds; default: the client's deadline. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Name of the awaited event in errors, for a condition that is a function. */
  readonly what?: string;
}

export type EventCondition = string | ((event: QmpEvent) => boolean);

interface Waiter {
  readonly accepts: (event: QmpEvent) => boolean;
  readonly wait: Pending<QmpEvent>;
}

function test(condition: EventCondition): (event: QmpEvent) => boolean {
  return typeof condition === 'string' ? (event) => event.event === condition : condition;
}

export class EventLog {
  #kept: QmpEvent[] = [];
  #count = 0;
  readonly #waiters = new Set<Waiter>();
  #ended: Disconnected | undefined;

  /** Adds the next event with its number, and wakes its waiters. */
  push(event: Omit<QmpEvent, 'sequence'>): void {
    const numbered: QmpEvent = { ...event, sequence: this.#count };
    this.#count += 1;
    this.#kept.push(numbered);
    if (this.#kept.length > MAX_KEPT_EVENTS) this.#kept.shift();
    for (const waiter of [...this.#waiters]) {
      try {
        if (waiter.accepts(numbered)) waiter.wait.resolve(numbered);
      } catch (error) {
        waiter.wait.reject(error);
      }
    }
  }

  /** No more events will come: every present and future wait fails, unless the log already holds its event. */
  end(reason: Disconnected): void {
    this.#ended = reason;
    for (const waiter of [...this.#waiters]) waiter.wait.reject(reason);
  }

  mark(): EventMark {
    return this.#count as EventMark;
  }

  /** The events since a mark, oldest first. @throws StateError when the log no longer reaches back to the mark. */
  since(mark: EventMark): readonly QmpEvent[] {
    const first = this.#count - this.#kept.length;
    if (mark < first) {
      throw new StateError(
        `events ${mark} to ${first - 1} are no longer kept (the log holds ${MAX_KEPT_EVENTS})`,
        'running',
      );
    }
    return this.#kept.slice(mark - first);
  }

  get last(): QmpEvent | undefined {
    return this.#kept.at(-1);
  }

  /** The first matching event from the mark on, past or future. @throws Timeout, Disconnected, StateError. */
  wait(
    condition: EventCondition,
    options: EventWait & { readonly timeoutMs: number; readonly lastSeen: () => string },
  ): Promise<QmpEvent> {
    const accepts = test(condition);
    try {
      const found = options.since === undefined ? undefined : this.since(options.since).find(accepts);
      if (found !== undefined) return Promise.resolve(found);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const what = options.what ?? (typeof condition === 'string' ? `event ${condition}` : 'an event');
    const wait = pending<QmpEvent>({ ...options, what }, () => this.#waiters.delete(waiter));
    const waiter: Waiter = { accepts, wait };
    if (!wait.settled) this.#waiters.add(waiter);
    return wait.promise;
  }

  /** Events in order from the mark on, until the connection ends (then the loop ends) or the signal fires. */
  async *follow(mark: EventMark, signal?: AbortSignal): AsyncGenerator<QmpEvent, void, undefined> {
    for (let at: EventMark = mark; ; at = (at + 1) as EventMark) {
      try {
        yield await this.wait(() => true, { since: at, timeoutMs: Infinity, signal, lastSeen: () => 'nothing' });
      } catch (error) {
        if (error instanceof Disconnected) return;
        throw error;
      }
    }
  }
}
