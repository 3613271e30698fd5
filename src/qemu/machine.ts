// A running QEMU with its monitor. Missing options are added to the argv (accelerator, display, QMP socket in a private
// folder), and the monitor is connected. When QEMU dies, every waiting call reports it in QEMU's words.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { choosesAccelerator, escapeValue, findOptions } from './argv.js';
import type { QemuBinary } from './binary.js';
import { dropFolder } from './keeper.js';
import { QemuProcess, temporaryFolder, type Exit } from './process.js';
import { QmpClient, type ConnectOptions } from './qmp/client.js';
import type { QmpCommands } from './qmp/commands.js';
import { Disconnected, Timeout } from './qmp/errors.js';
import type { EventCondition, EventMark, EventWait } from './qmp/events.js';
import type { QmpEvent } from './qmp/message.js';
import type { ExecuteOptions } from './qmp/session.js';

/** `kvm` falls back to tcg on a host without KVM; `argv` leaves the choice to the command line. */
export type Accelerator = 'tcg' | 'kvm' | 'argv';

export interface MachineOptions {
  readonly binary: QemuBinary;
  /** QEMU's options without the executable. */
  readonly argv: readonly string[];
  /** Default: tcg, unless the argv chooses an accelerator. */
  readonly accelerator?: Accelerator;
  /** QEMU's working folder; default: that of this process. */
  readonly cwd?: string;
  /** Milliseconds until the monitor must answer; 30,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** The QMP socket option for QEMU before 5.0 (`server,nowait`). */
  readonly oldSocketOption?: boolean;
}

const START_TIMEOUT = 30_000;

/** Time from the loss of the monitor until QEMU must be seen dead. Milliseconds. */
const DEATH_TIMEOUT = 1_000;

/** Options added at the end of an argv. */
function additions(options: MachineOptions, socket: string): string[] {
  const { argv, accelerator = 'tcg' } = options;
  const added: string[] = [];
  if (accelerator !== 'argv' && !choosesAccelerator(argv)) {
    added.push('-machine', accelerator === 'kvm' ? 'accel=kvm:tcg' : 'accel=tcg');
  }
  if (findOptions(argv, 'display', 'nographic').length === 0) added.push('-display', 'none');
  added.push(
    '-qmp',
    `unix:${escapeValue(socket)},${options.oldSocketOption === true ? 'server,nowait' : 'server=on,wait=off'}`,
  );
  return added;
}

export class Machine {
  readonly process: QemuProcess;
  readonly qmp: QmpClient;
  /** Private folder, removed at `end`. */
  readonly folder: string;
  /** Path of the QMP socket. */
  readonly socket: string;
  #dumps = 0;

  /** Launches QEMU without connecting; `startMachine` also connects. */
  constructor(options: MachineOptions) {
    this.folder = temporaryFolder();
    this.socket = join(this.folder, 'qmp');
    this.qmp = new QmpClient();
    this.process = new QemuProcess({
      binary: options.binary,
      argv: [...options.argv, ...additions(options, this.socket)],
      cwd: options.cwd,
    });
  }

  /** Connects the monitor. @throws QemuDied, Timeout, the signal's reason. */
  async connect(options: Pick<ConnectOptions, 'timeoutMs' | 'signal'> = {}): Promise<void> {
    const while_ = 'before its monitor answered';
    const alive = (): void => this.process.throwIfDead(while_);
    await this.#orDeath(while_, () =>
      this.qmp.connect({ path: this.socket }, { timeoutMs: START_TIMEOUT, ...options, alive }),
    );
  }

  /** Runs `work`. A lost connection becomes QemuDied when QEMU is dead, and a Timeout includes QEMU's output. */
  async #orDeath<T>(while_: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Disconnected) {
        await this.process.waitForExit(DEATH_TIMEOUT).catch(() => undefined);
        this.process.throwIfDead(while_);
      }
      if (error instanceof Timeout) {
        const words = this.process.stderr.trim();
        throw new Timeout(
          error.waitedFor,
          error.after,
          `${error.lastSeen}; stderr: ${words === '' ? '(nothing)' : words}`,
        );
      }
      throw error;
    }
  }

  /** As QmpClient.execute. @throws QemuDied when QEMU ends meanwhile; QmpError, Timeout, the signal's reason. */
  execute<C extends keyof QmpCommands>(command: C, args?: object, options?: ExecuteOptions): Promise<QmpCommands[C]>;
  execute<T = unknown>(command: string, args?: object, options?: ExecuteOptions): Promise<T>;
  execute(command: string, args?: object, options?: ExecuteOptions): Promise<unknown> {
    return this.#orDeath(`during ${command}`, () => this.qmp.execute<unknown>(command, args, options));
  }

  /** The answer of the human monitor, with plain line ends. */
  async hmp(line: string): Promise<string> {
    return (await this.execute('human-monitor-command', { 'command-line': line })).replaceAll('\r\n', '\n');
  }

  mark(): EventMark {
    return this.qmp.mark();
  }

  /** As QmpClient.waitForEvent. @throws QemuDied when QEMU ends meanwhile; Timeout, the signal's reason. */
  waitForEvent(condition: EventCondition, options: EventWait = {}): Promise<QmpEvent> {
    const what = options.what ?? (typeof condition === 'string' ? `event ${condition}` : 'an event');
    return this.#orDeath(`while ${what} was awaited`, () => this.qmp.waitForEvent(condition, { ...options, what }));
  }

  /**
   * Guest-physical memory, through a file in the private folder. QEMU: pmemsave, qapi/machine.json.
   * @throws QmpError, QemuDied.
   */
  async readMemory(address: number, size: number): Promise<Buffer> {
    this.#dumps += 1;
    const file = join(this.folder, `memory-${this.#dumps}`);
    await this.execute('pmemsave', { val: address, size, filename: file });
    try {
      return await readFile(file);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** `info registers -a`, as QEMU prints it. */
  registers(): Promise<string> {
    return this.hmp('info registers -a');
  }

  /** Asks QEMU to quit and waits; ends it by pid when it does not. The folder goes too. */
  async quit(timeoutMs = 10_000): Promise<Exit> {
    try {
      await this.qmp.execute('quit', undefined, { timeoutMs });
      await this.process.waitForExit(timeoutMs);
    } catch {
      // Gone already, or unresponsive: `end` handles both.
    }
    return this.end();
  }

  /** Ends QEMU by pid in any state and removes the folder. It may be called twice. Never throws. */
  async end(): Promise<Exit> {
    const exit = await this.process.kill();
    await this.qmp.disconnect();
    dropFolder(this.folder);
    return exit;
  }
}

/**
 * Launches a QEMU and connects to its monitor; on failure nothing is left behind. @throws QemuDied, Timeout, the
 * signal's reason.
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  options.signal?.throwIfAborted();
  const machine = new Machine(options);
  try {
    await machine.connect({ timeoutMs: options.timeoutMs ?? START_TIMEOUT, signal: options.signal });
    return machine;
  } catch (error) {
    await machine.end();
    throw error;
  }
}

/** Starts a machine, runs `work` with it, and ends it in every case. */
export async function withMachine<T>(options: MachineOptions, work: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await startMachine(options);
  try {
    return await work(machine);
  } finally {
    await machine.end();
  }
}
