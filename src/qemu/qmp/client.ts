// A QMP client on a socket: it connects (and waits for a socket that does not exist yet), negotiates, and passes the
// connection to the session. Only this file in qemu/qmp uses node:net.

import { connect, type Socket } from 'node:net';
import type { QmpCommands } from './commands.js';
import { Disconnected, StateError } from './errors.js';
import type { EventCondition, EventMark, EventWait } from './events.js';
import type { QmpEvent, QmpGreeting } from './message.js';
import { QmpSession, type ExecuteOptions, type QmpState } from './session.js';
import { pending, until } from './wait.js';

/** The address of QEMU's monitor: a Unix socket, or TCP. */
export type QmpTarget = { readonly path: string } | { readonly host?: string; readonly port: number };

export interface QmpClientOptions {
  /** The deadline of a wait without a deadline. Milliseconds, 30,000 by default. */
  readonly timeoutMs?: number;
}

export interface ConnectOptions {
  /** Milliseconds for socket, greeting and negotiation together. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Fail at the first refused attempt instead of waiting for the socket. */
  readonly once?: boolean;
  /** Called between attempts; an error thrown by it ends the wait (for example when QEMU died). */
  readonly alive?: () => void;
}

const DEFAULT_TIMEOUT = 30_000;

/** Error codes of a socket that nobody listens on yet. */
const NOT_YET = new Set(['ENOENT', 'ECONNREFUSED', 'EAGAIN']);

function targetText(target: QmpTarget): string {
  return 'path' in target ? target.path : `${target.host ?? 'localhost'}:${target.port}`;
}

function open(target: QmpTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** A connection to a QEMU monitor. After a disconnect it may be connected again. */
export class QmpClient implements AsyncDisposable {
  readonly #timeoutMs: number;
  #state: QmpState = 'idle';
  #socket: Socket | undefined;
  #session: QmpSession | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: QmpClientOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT;
  }

  get state(): QmpState {
    return this.#session?.state ?? this.#state;
  }

  /** QEMU's greeting of this connection, or of the last connection. @throws StateError before the first. */
  get greeting(): QmpGreeting {
    const greeting = this.#session?.greeting;
    if (greeting === undefined) throw new StateError('not connected: QEMU has not said its version yet', this.state);
    return greeting;
  }

  /**
   * Connects and negotiates. A socket that does not exist yet is awaited until the deadline.
   * @throws StateError when not idle; Timeout; Disconnected; QmpError; the signal's reason.
   */
  async connect(target: QmpTarget, options: ConnectOptions = {}): Promise<QmpGreeting> {
    if (this.state !== 'idle') throw new StateError(`connect: the client is ${this.state}, not idle`, this.state);
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const end = performance.now() + timeoutMs;
    let session: QmpSession | undefined;
    this.#session = undefined;
    this.#state = 'connecting';
    try {
      session = this.#join(await this.#reach(target, timeoutMs, options));
      return await session.negotiate({ timeoutMs: end - performance.now(), signal: options.signal });
    } catch (error) {
      session?.lost(new Disconnected('the connection was given up before it was negotiated', error));
      this.#socket?.destroy();
      throw error;
    } finally {
      this.#state = 'idle';
    }
  }

  #reach(target: QmpTarget, timeoutMs: number, options: ConnectOptions): Promise<Socket> {
    let last = 'no attempt';
    const attempt = async (): Promise<Socket | undefined> => {
      options.alive?.();
      try {
        return await open(target);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        last = error instanceof Error ? error.message : String(error);
        if (options.once === true || !NOT_YET.has(code))
          throw new Disconnected(`cannot connect to ${targetText(target)}: ${last}`, error);
        return undefined;
      }
    };
    return until(attempt, {
      timeoutMs,
      signal: options.signal,
      what: `QEMU's monitor at ${targetText(target)}`,
      lastSeen: () => last,
    });
  }

  #join(socket: Socket): QmpSession {
    const session = new QmpSession(
      {
        write: (text) => {
          socket.write(text);
        },
        end: () => {
          socket.destroy();
        },
      },
      this.#timeoutMs,
    );
    let cause: Error | undefined;
    socket.on('data', (piece: Buffer) => session.receive(piece));
    socket.on('error', (error) => {
      cause = error;
    });
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => {
        const asked = session.state === 'disconnecting';
        session.lost(
          new Disconnected(
            asked
              ? 'disconnected at our request'
              : `QEMU's monitor closed the connection${cause === undefined ? '' : ` (${cause.message})`}`,
            cause,
          ),
        );
        resolve();
      });
    });
    this.#socket = socket;
    this.#session = session;
    return session;
  }

  #running(what: string): QmpSession {
    if (this.#session === undefined)
      throw new StateError(`${what}: the client is ${this.state}, not running`, this.state);
    return this.#session;
  }

  /**
   * Runs one command; several may be in flight. Known commands have typed results.
   * @throws QmpError (QEMU refused), StateError (not running), Disconnected, Timeout, or the signal's reason.
   */
  execute<C extends keyof QmpCommands>(command: C, args?: object, options?: ExecuteOptions): Promise<QmpCommands[C]>;
  execute<T = unknown>(command: string, args?: object, options?: ExecuteOptions): Promise<T>;
  async execute(command: string, args?: object, options?: ExecuteOptions): Promise<unknown> {
    return this.#running(command).execute(command, args, options);
  }

  /** Runs a line of the human monitor and returns its text. QEMU: human-monitor-command, qapi/misc.json. */
  async hmp(line: string, options?: ExecuteOptions): Promise<string> {
    return this.execute<string>('human-monitor-command', { 'command-line': line }, options);
  }

  /** A position in the log of events. Take it before the command whose events you wait for. */
  mark(): EventMark {
    return this.#running('mark').mark();
  }

  /** The first matching event from `since` on, past or future. @throws Timeout, Disconnected, StateError. */
  async waitForEvent(condition: EventCondition, options: EventWait = {}): Promise<QmpEvent> {
    return this.#running('waitForEvent').waitForEvent(condition, options);
  }

  /** The events since a mark that have already arrived. @throws StateError when they are no longer kept. */
  eventsSince(mark: EventMark): readonly QmpEvent[] {
    return this.#running('eventsSince').eventsSince(mark);
  }

  /** Events in order of arrival, from a mark on (default: from now), until the connection ends. */
  events(since?: EventMark, signal?: AbortSignal): AsyncGenerator<QmpEvent, void, undefined> {
    return this.#running('events').events(since, signal);
  }

  /** Resolves when the connection has ended, on either side. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The last message received, for error texts. */
  lastSeen(): string {
    return this.#session?.lastSeen() ?? 'no connection';
  }

  /** As disconnect. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /** Ends the connection; pending calls fail with Disconnected. Never throws; may be called in any state. */
  async disconnect(timeoutMs = 1000): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    this.#session?.disconnecting();
    socket.end();
    const gone = pending<undefined>({ timeoutMs, what: 'the connection to end' });
    void this.#ended.then(() => gone.resolve(undefined));
    await gone.promise.catch(() => socket.destroy());
    await this.#ended;
  }
}
