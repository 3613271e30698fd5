// One capture: a scenario on one QEMU, from launch to the bytes and what that QEMU said about the machine that it
// saved. Imports qemu/ and its own folder.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuBinary } from '../../../src/qemu/binary.js';
import { dropFolder } from '../../../src/qemu/keeper.js';
import { startMachine, type Machine } from '../../../src/qemu/machine.js';
import {
  migrateTo,
  setCapabilities,
  setParameters,
  startIncoming,
  waitForMigration,
} from '../../../src/qemu/migrate.js';
import { temporaryFolder } from '../../../src/qemu/process.js';
import { until } from '../../../src/qemu/qmp/wait.js';
import { waitUntilReady } from '../../../src/qemu/readiness.js';
import { pcBoard } from './boards.js';
import type { Scenario } from './scenarios.js';
import { Tee } from './tee.js';

export interface Capture {
  /** File name (without .gz) to contents. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly truth: Readonly<Record<string, unknown>>;
}

const ROUNDS_TIMEOUT = 60_000;

/** The FlatView of the address space `memory`: what the CPU sees. */
function memoryView(mtree: string): string {
  const view = mtree.split(/\n(?=FlatView #)/).find((part) => /^ AS "memory"/m.test(part)) ?? '';
  return `${view.trimEnd()}\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function start(
  binary: QemuBinary,
  scenario: Scenario,
  fixtures: string,
  folder: string,
  more: readonly string[],
): Promise<Machine> {
  const { board = pcBoard } = scenario;
  const guest = scenario.guest ?? board.guest;
  await mkdir(folder);
  await copyFile(join(fixtures, guest), join(folder, guest));
  // Paths are relative to QEMU's own folder, so the recorded argv is as anybody would write it.
  const argv = [...scenario.argv, ...board.boot(guest), '-accel', 'tcg', '-display', 'none', ...more];
  return startMachine({ binary, argv, cwd: folder, timeoutMs: 60_000 });
}

/** Waits until enough was sent more than once; true when the migration has ended by itself meanwhile. */
async function rounds(machine: Machine, scenario: Scenario): Promise<boolean> {
  const { liveRounds = 0, xbzrlePages = Infinity } = scenario;
  let last = '';
  return until(
    async () => {
      const info = await machine.execute('query-migrate');
      last = JSON.stringify(info);
      const enough = (info['xbzrle-cache']?.pages ?? 0) >= xbzrlePages;
      const ended = info.status === 'completed' || info.status === 'failed';
      if (ended && !enough) throw new EndedEarly(last);
      return enough || (info.ram?.['dirty-sync-count'] ?? 0) >= liveRounds ? ended : undefined;
    },
    { timeoutMs: ROUNDS_TIMEOUT, what: `${liveRounds} rounds`, lastSeen: () => last },
  );
}

/** A live migration converged before it was interesting; another attempt may not. */
export class EndedEarly extends Error {}

/** The migration itself. */
async function migrate(source: Machine, scenario: Scenario, uri: string): Promise<void> {
  if (scenario.liveRounds === undefined) {
    await migrateTo(source, uri);
    return;
  }
  const mark = source.mark();
  await source.execute('migrate', { uri });
  const ended = await rounds(source, scenario);
  if (scenario.postcopy === true) {
    await source.execute('migrate-start-postcopy');
    await waitForMigration(source, mark, { statuses: ['postcopy-active'] });
    await setParameters(source, { 'max-bandwidth': 64 * 1024 * 1024 });
  } else if (!ended) {
    // A guest that stands still converges at any bandwidth.
    await source.execute('stop');
  }
  await waitForMigration(source, mark);
}

/** Main channel first, multifd channels by the id in their first packet (QEMU: MultiFDInit_t, migration/multifd.c). */
function channelOrder(forward: Buffer): number {
  if (forward.subarray(0, 4).toString('latin1') === 'QEVM') return -1;
  return forward.length > 24 && forward.readUInt32BE(0) === 0x11223344 ? forward.readUInt8(24) : 0;
}

async function overSocket(
  source: Machine,
  binary: QemuBinary,
  scenario: Scenario,
  fixtures: string,
  folder: string,
): Promise<Map<string, Buffer>> {
  const destination = await start(binary, scenario, fixtures, join(folder, 'd'), ['-incoming', 'defer']);
  const tee = await Tee.listen(join(folder, 'tee'), join(folder, 'd', 'in'));
  try {
    await setCapabilities(destination, scenario.capabilities ?? {});
    // Both sides must agree on how channels are used.
    const ofChannels = Object.entries(scenario.parameters ?? {}).filter(([name]) => name.startsWith('multifd-'));
    if (ofChannels.length > 0) await setParameters(destination, Object.fromEntries(ofChannels));
    // Both ends are asked: the side that fails second often only says that its peer went away.
    const mark = await startIncoming(destination, 'unix:in');
    const arrived = waitForMigration(destination, mark, { timeoutMs: ROUNDS_TIMEOUT, what: 'the arrival' });
    const ends = await Promise.allSettled([arrived, migrate(source, scenario, `unix:${join(folder, 'tee')}`)]);
    const refusals = ends.flatMap((end) =>
      end.status === 'rejected' ? [end.reason instanceof Error ? end.reason.message : String(end.reason)] : [],
    );
    if (refusals.length > 0) throw new Error(refusals.join('\nand\n'));
    const connections = (await tee.end()).sort((a, b) => channelOrder(a.forward) - channelOrder(b.forward));
    const files = new Map<string, Buffer>();
    const single = connections.filter(({ forward }) => forward.length > 0).length === 1;
    connections.forEach(({ forward, back }, index) => {
      if (forward.length > 0) files.set(single ? 'state' : `chan${index}`, forward);
      if (back.length > 0) files.set(`return${index}`, back);
    });
    return files;
  } finally {
    await tee.end();
    await destination.end();
  }
}

/** One attempt. */
async function attempt(binary: QemuBinary, scenario: Scenario, fixtures: string): Promise<Capture> {
  const folder = temporaryFolder();
  const own = join(folder, 's');
  const source = await start(binary, scenario, fixtures, own, []).catch((error: unknown) => {
    dropFolder(folder);
    throw error;
  });
  try {
    await waitUntilReady(source, { kind: 'text', file: join(own, 'debugcon'), text: 'R' });
    await scenario.prepare?.(source);
    const stopped = scenario.liveRounds === undefined && scenario.running !== true;
    if (stopped) await source.execute('stop');
    await setCapabilities(source, scenario.capabilities ?? {});
    await setParameters(source, scenario.parameters ?? {});
    const said = {
      target: (scenario.board ?? pcBoard).target,
      qemu: await source.execute('query-version'),
      argv: source.process.argv.slice(0, source.process.argv.indexOf('-qmp')),
      capabilities: scenario.capabilities ?? {},
      parameters: scenario.parameters ?? {},
      info_ramblock: await source.hmp('info ramblock'),
      info_mtree: memoryView(await source.hmp('info mtree -f')),
      ...(stopped ? { registers: await source.registers() } : {}),
    };
    let files = new Map<string, Buffer>();
    // QEMU is done when the pipe has its last byte, cat when the file has it: only the renaming says so.
    const uri = scenario.transport === 'file' ? 'file:state' : 'exec:cat > state.part && mv state.part state';
    if (scenario.transport === 'socket') files = await overSocket(source, binary, scenario, fixtures, folder);
    else {
      await migrate(source, scenario, uri);
      const state = join(own, 'state');
      files.set('state', await until(() => readFile(state).catch(() => undefined), { timeoutMs: 30_000, what: state }));
    }
    const info = await source.execute('query-migrate');
    await source.quit();
    const ram: Record<string, string> = {};
    for (const { id, keep } of scenario.memory) {
      const bytes = await readFile(join(own, `${id}.img`));
      ram[id] = sha256(bytes);
      if (keep) files.set(`${id}.img`, bytes);
    }
    const sizes = Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.length]));
    const truth = {
      ...said,
      uri: scenario.transport === 'socket' ? 'unix:' : uri,
      stopped,
      query_migrate: info,
      ram_sha256: ram,
      bytes: sizes,
    };
    return { files, truth };
  } finally {
    await source.end();
    dropFolder(folder);
  }
}

const ATTEMPTS = 5;

/** @throws EndedEarly after five attempts; whatever qemu/ throws; nothing is left behind. */
export async function capture(binary: QemuBinary, scenario: Scenario, fixtures: string): Promise<Capture> {
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      return await attempt(binary, scenario, fixtures);
    } catch (error) {
      if (!(error instanceof EndedEarly) || left <= 1) throw error;
    }
  }
}
