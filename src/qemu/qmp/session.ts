// The protocol without the socket: states, negotiation, replies matched by id, events logged. Bytes arrive through
// `receive`; text leaves through the wire given to the session. client.ts connects it to node:net.

import { Disconnected, QmpError, StateError } from './errors.js';
import { EventLog, type EventCondition, type EventMark, type EventWait } from './events.js';
import { LineSplitter } from './line.js';
import { parseMessage, versionText, type QmpEvent, type QmpGreeting, type QmpMessage } from './message.js';
import { pending, type Pending } from './wait.js';

/** idle → connecting → running → disconnecting → idle. A session that loses its connection becomes idle at once. */
export type QmpState = 'idle' | 'connecting' | 'running' | 'disconnecting';

/** Sends text to QEMU. */
export interface QmpWire {
  write(text: string): void;
  /** Ends the connection; the owner then calls `lost`. */
  end(): void;
}

export interface ExecuteOptions {
  /** Milliseconds; default: the client's deadline. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

interface Call {
  readonly command: string;
  readonly wait: Pending<unknown>;
}

export class QmpSession {
  readonly #wire: QmpWire;
  readonly #timeoutMs: number;
  readonly #lines = new LineSplitter();
  readonly #log = new EventLog();
  readonly #calls = new Map<number, Call>();
  #state: QmpState = 'connecting';
  #nextId = 1;
  #greeting: QmpGreeting | undefined;
  #greeted: Pending<QmpGreeting> | undefined;
  #lastHeard = 'nothing from QEMU';
  #lastHeardAt = performance.now();
  #lost: Disconnected | undefined;

  /** `timeoutMs` is the default deadline of a wait. */
  constructor(wire: QmpWire, timeoutMs: number) {
    this.#wire = wire;
    this.#timeoutMs = timeoutMs;
  }

  get state(): QmpState {
    return this.#state;
  }

  /** QEMU's greeting; undefined before it arrived. */
  get greeting(): QmpGreeting | undefined {
    return this.#greeting;
  }

  /** Waits for the greeting and leaves capability negotiation mode. @throws Timeout, Disconnected, QmpError. */
  async negotiate(options: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<QmpGreeting> {
    const greeted = pending<QmpGreeting>({ ...options, what: "QEMU's greeting", lastSeen: () => this.lastSeen() });
    if (this.#lost !== undefined) greeted.reject(this.#lost);
    else if (this.#greeting !== undefined) greeted.resolve(this.#greeting);
    else this.#greeted = greeted;
    const greeting = await greeted.promise;
    await this.#send('qmp_capabilities', undefined, options);
    if (this.#state === 'connecting') this.#state = 'running';
    return greeting;
  }

  /**
   * Runs one command; several may be in flight.
   * @throws QmpError (QEMU refused), StateError (not running), Disconnected, Timeout, or the signal's reason.
   */
  execute(command: string, args?: object, options: ExecuteOptions = {}): Promise<unknown> {
    if (this.#state !== 'running') {
      const lost = this.#lost;
      if (lost !== undefined) return Promise.reject(new Disconnected(`${command}: ${lost.message}`, lost));
      return Promise.reject(new StateError(`${command}: the session is ${this.#state}, not running`, this.#state));
    }
    return this.#send(command, args, options);
  }

  #send(command: string, args: object | undefined, options: ExecuteOptions): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    const wait = pending<unknown>(
      {
        timeoutMs: options.timeoutMs ?? this.#timeoutMs,
        signal: options.signal,
        what: `the reply to ${command}`,
        lastSeen: () => this.lastSeen(),
      },
      () => this.#calls.delete(id),
    );
    if (wait.settled) return wait.promise;
    this.#calls.set(id, { command, wait });
    this.#wire.write(
      `${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\n`,
    );
    return wait.promise;
  }

  /** A position in the log of events. Take it before the command whose events you wait for. */
  mark(): EventMark {
    return this.#log.mark();
  }

  /** The first matching event from `since` on, past or future. @throws Timeout, Disconnected, StateError. */
  waitForEvent(condition: EventCondition, options: EventWait = {}): Promise<QmpEvent> {
    return this.#log.wait(condition, {
      ...options,
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      lastSeen: () => this.lastSeen(),
    });
  }

  /** The events since a mark that have already arrived. @throws StateError when they are no longer kept. */
  eventsSince(mark: EventMark): readonly QmpEvent[] {
    return this.#log.since(mark);
  }

  /** Events in order of arrival, from a mark on (default: from now), until the connection ends. */
  events(since?: EventMark, signal?: AbortSignal): AsyncGenerator<QmpEvent, void, undefined> {
    return this.#log.follow(since ?? this.#log.mark(), signal);
  }

  /** Takes bytes from QEMU. */
  receive(piece: Uint8Array): void {
    try {
      for (const line of this.#lines.push(piece)) this.#take(parseMessage(line), line);
    } catch (error) {
      this.lost(new Disconnected(`QEMU's monitor said something that is not QMP: ${String(error)}`, error));
      this.#wire.end();
    }
  }

  #take(message: QmpMessage | undefined, line: string): void {
    if (message === undefined) return;
    this.#lastHeardAt = performance.now();
    if (message.kind === 'greeting') {
      this.#lastHeard = `the greeting of QEMU ${versionText(message.greeting.version)}`;
      this.#greeting = message.greeting;
      this.#greeted?.resolve(message.greeting);
    } else if (message.kind === 'event') {
      this.#lastHeard = `event ${message.event.event} ${JSON.stringify(message.event.data)}`;
      this.#log.push(message.event);
    } else {
      const call = message.id === undefined ? undefined : this.#calls.get(message.id);
      this.#lastHeard =
        call === undefined
          ? `a reply to nothing that is pending: ${line.slice(0, 120)}`
          : `the reply to ${call.command}`;
      if (message.kind === 'return') call?.wait.resolve(message.value);
      else call?.wait.reject(new QmpError({ class: message.class, desc: message.desc, command: call.command }));
    }
  }

  /** The connection is gone: every pending wait fails now. */
  lost(reason: Disconnected): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#state = 'idle';
    this.#greeted?.reject(reason);
    for (const call of [...this.#calls.values()]) {
      call.wait.reject(new Disconnected(`${call.command}: ${reason.message}`, reason));
    }
    this.#log.end(reason);
  }

  /** From now on the session accepts nothing; the owner ends the connection. */
  disconnecting(): void {
    if (this.#state !== 'idle') this.#state = 'disconnecting';
  }

  /** The last message, its age, and the open calls: the end of every Timeout's message. */
  lastSeen(): string {
    const ago = ((performance.now() - this.#lastHeardAt) / 1000).toFixed(1);
    const open = [...this.#calls].map(([id, call]) => `${call.command} (id ${id})`);
    return `${this.#lastHeard}, ${ago} s ago${open.length === 0 ? '' : `; unanswered: ${open.join(', ')}`}`;
  }
}
