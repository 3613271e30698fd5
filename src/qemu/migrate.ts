// Migration as calls: sets capabilities and parameters, starts a migration out or in, and follows its events from a
// mark to the end. A failure is reported in QEMU's words. QEMU: qapi/migration.json.

import { shellWord } from '../base/shell.js';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import type { MigrationInfo, MigrationStatus } from './qmp/commands.js';
import type { EventMark } from './qmp/events.js';
import { until } from './qmp/wait.js';

export interface MigrateOptions {
  /** Milliseconds for the whole migration; 120,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const MIGRATION_TIMEOUT = 120_000;

/** A migration that did not end with the wanted status. */
export class MigrationFailed extends Error {
  readonly status: MigrationStatus;
  /** QEMU's `error-desc`, when it gave one. */
  readonly desc: string | undefined;
  /** What QEMU has written on stderr so far. */
  readonly stderr: string;

  constructor(what: string, status: MigrationStatus, desc: string | undefined, stderr: string) {
    const words = [desc, stderr.trim()].filter((text) => text !== undefined && text !== '').join('\n');
    super(`${what} is ${status}${words === '' ? '' : `:\n${words}`}`);
    this.name = 'MigrationFailed';
    this.status = status;
    this.desc = desc;
    this.stderr = stderr;
  }
}

/**
 * Switches capabilities on or off. Every function below needs `events`. @throws QmpError for a capability that this
 * QEMU lacks.
 */
export async function setCapabilities(machine: Machine, wanted: Readonly<Record<string, boolean>>): Promise<void> {
  const capabilities = Object.entries({ events: true, ...wanted }).map(([capability, state]) => ({
    capability,
    state,
  }));
  await machine.execute('migrate-set-capabilities', { capabilities });
}

/** Sets migration parameters; names are QEMU's. @throws QmpError. */
export async function setParameters(machine: Machine, parameters: Readonly<Record<string, unknown>>): Promise<void> {
  if (Object.keys(parameters).length > 0) await machine.execute('migrate-set-parameters', parameters);
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

/**
 * Waits, from a mark, for a MIGRATION event with one of the statuses (`completed` by default), or for the end of the
 * migration. Needs the capability `events`. @throws MigrationFailed, QemuDied, Timeout.
 */
export async function waitForMigration(
  machine: Machine,
  since: EventMark,
  options: MigrateOptions & { readonly statuses?: readonly MigrationStatus[]; readonly what?: string } = {},
): Promise<MigrationStatus> {
  const statuses = options.statuses ?? ['completed'];
  const what = options.what ?? 'the migration';
  const event = await machine.waitForEvent(
    ({ event: name, data }) =>
      name === 'MIGRATION' &&
      typeof data['status'] === 'string' &&
      (ENDED.has(data['status']) || statuses.includes(data['status'])),
    {
      since,
      timeoutMs: options.timeoutMs ?? MIGRATION_TIMEOUT,
      signal: options.signal,
      what: `${what} to be ${statuses.join(' or ')}`,
    },
  );
  const status = String(event.data['status']);
  if (statuses.includes(status)) return status;
  const info = await machine.execute('query-migrate');
  throw new MigrationFailed(what, status, info['error-desc'], machine.process.stderr);
}

/** Migrates out to a QEMU URI and waits for the end. @throws MigrationFailed, QmpError, QemuDied, Timeout. */
export async function migrateTo(machine: Machine, uri: string, options: MigrateOptions = {}): Promise<MigrationInfo> {
  const mark = machine.mark();
  await machine.execute('migrate', { uri });
  await waitForMigration(machine, mark, { ...options, what: `the migration to ${uri}` });
  return machine.execute('query-migrate');
}

/** Milliseconds from QEMU's "completed" until the last byte is in the file. */
const WRITTEN_TIMEOUT = 30_000;

/**
 * Migrates into a file by `exec:cat`, which every QEMU supports. QEMU reports completion when the pipe has taken the
 * last byte, which may be before cat has written it (measured: empty and cut files). The shell therefore reports when
 * cat has finished. A `cat` that fails (a full disk) leaves its words in QEMU's stderr and an incomplete file: the
 * caller must check the file.
 * @throws MigrationFailed, QmpError, QemuDied, Timeout.
 */
export async function migrateToFile(
  machine: Machine,
  file: string,
  options: MigrateOptions = {},
): Promise<MigrationInfo> {
  const done = join(machine.folder, 'written');
  await rm(done, { force: true });
  const info = await migrateTo(machine, `exec:cat >${shellWord(file)}; echo $? >${shellWord(done)}`, options);
  const look = async (): Promise<string | undefined> =>
    /^(\d+)\n/.exec(await readFile(done, 'utf8').catch(() => ''))?.[1];
  await until(look, {
    timeoutMs: options.timeoutMs ?? WRITTEN_TIMEOUT,
    signal: options.signal,
    what: `cat to have written ${file}`,
    lastSeen: () => machine.process.stderr.trim(),
  });
  return info;
}

/**
 * Tells a machine started with `-incoming defer` where to listen or read. Returns the mark before its first MIGRATION
 * event.
 */
export async function startIncoming(machine: Machine, uri: string): Promise<EventMark> {
  const mark = machine.mark();
  await machine.execute('migrate-incoming', { uri });
  return mark;
}

/**
 * Loads a stream into a machine started with `-incoming defer` and waits for the end. A QEMU that refuses a stream
 * exits; the error is then a QemuDied with QEMU's words. @throws MigrationFailed, QmpError, QemuDied, Timeout.
 */
export async function migrateFrom(machine: Machine, uri: string, options: MigrateOptions = {}): Promise<void> {
  const mark = await startIncoming(machine, uri);
  await waitForMigration(machine, mark, { ...options, what: `the migration from ${uri}` });
}
