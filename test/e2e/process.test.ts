// QEMU as a process, for real: how it fails to start, how it dies, and that nothing of it outlives us however we end.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plainBinary } from '../../src/qemu/binary.js';
import { Machine, startMachine, withMachine } from '../../src/qemu/machine.js';
import { migrateFrom, migrateTo, setCapabilities } from '../../src/qemu/migrate.js';
import { QemuDied } from '../../src/qemu/process.js';
import { until } from '../../src/qemu/qmp/wait.js';
import { waitUntilReady } from '../../src/qemu/readiness.js';
import { onEveryQemu, onQemu, runs, tinyMachine } from './support/qemus.js';

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

onEveryQemu('QEMU as a process', ({ binary }) => {
  it('shows stderr, status and command of a QEMU that exits at its start', async () => {
    const failed = await refusal(startMachine({ binary, argv: [...tinyMachine, '-device', 'no-such-device'] }));
    expect(failed).toBeInstanceOf(QemuDied);
    expect(failed).toMatchObject({ exit: { code: 1, signal: null }, missing: false });
    expect(String(failed)).toMatch(
      /QEMU exited with status 1 before its monitor answered:\n.*no-such-device.*\n {2}command: .*-device no-such-device/,
    );
  });

  it('leaves no process and no folder', async () => {
    const machine = await startMachine({ binary, argv: tinyMachine });
    const { pid } = machine.process;
    expect(await runs(pid)).toBe(true);
    expect(await machine.quit()).toMatchObject({ code: 0, signal: null });
    expect(await runs(pid)).toBe(false);
    expect(existsSync(machine.folder)).toBe(false);
    await machine.end();
  });

  it('ends a machine whose work fails', async () => {
    let pid = 0;
    const work = withMachine({ binary, argv: tinyMachine }, (machine) => {
      pid = machine.process.pid;
      throw new Error('on purpose');
    });
    await expect(work).rejects.toThrow('on purpose');
    expect(await runs(pid)).toBe(false);
  });

  it("tells a refused stream in QEMU's own words", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
    const stream = gunzipSync(readFileSync(new URL('../../fixtures/streams/7.2.22-plain/state.gz', import.meta.url)));
    const file = join(folder, 'cut');
    writeFileSync(file, stream.subarray(0, 60_000));
    try {
      const machine = await startMachine({ binary, argv: [...tinyMachine, '-incoming', 'defer'] });
      await setCapabilities(machine, {});
      const failed = await refusal(migrateFrom(machine, `exec:cat ${file}`));
      expect(String(failed)).toMatch(
        /load of migration failed|Configuration section|doesn't match|error while loading/i,
      );
      await machine.end();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('migrates out and in: the guest goes on counting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
    const state = join(folder, 'state');
    const debugcon = join(folder, 'debugcon');
    try {
      const before = await withMachine(
        { binary, argv: [...tinyMachine, '-debugcon', `file:${debugcon}`] },
        async (machine) => {
          await waitUntilReady(machine, { kind: 'text', file: debugcon, text: 'R' });
          await machine.execute('stop');
          await setCapabilities(machine, {});
          expect(await migrateTo(machine, `exec:cat > ${state}.part && mv ${state}.part ${state}`)).toMatchObject({
            status: 'completed',
          });
          await until(() => (existsSync(state) ? true : undefined), { timeoutMs: 10_000, what: state });
          return (await machine.readMemory(0x7000, 4)).readUInt32LE();
        },
      );
      await withMachine({ binary, argv: [...tinyMachine, '-incoming', 'defer'] }, async (machine) => {
        await setCapabilities(machine, {});
        await migrateFrom(machine, `exec:cat ${state}`);
        expect((await machine.readMemory(0x7000, 4)).readUInt32LE()).toBe(before);
        await machine.execute('cont');
        await until(async () => ((await machine.readMemory(0x7000, 4)).readUInt32LE() !== before ? true : undefined), {
          timeoutMs: 10_000,
          what: 'the counter to advance',
        });
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

onQemu('7.2', 'QEMU as a process', ({ binary }) => {
  it('says that an executable is missing', async () => {
    const failed = await refusal(startMachine({ binary: plainBinary('/nonexistent/qemu-system-x86_64'), argv: [] }));
    expect(failed).toMatchObject({
      missing: true,
      message: expect.stringContaining('could not be started (spawn /nonexistent/qemu-system-x86_64 ENOENT)') as string,
    });
  });

  it('waits for a monitor that never answers no longer than it was told', async () => {
    const machine = new Machine({ binary, argv: tinyMachine });
    machine.process.signal('SIGSTOP');
    const failed = await refusal(machine.connect({ timeoutMs: 200 }));
    expect(String(failed)).toMatch(/waited 0\.\d s for QEMU's (monitor|greeting).*stderr: \(nothing\)/);
    await machine.end();
  });

  it('says which signal ended it, with the readiness that was awaited', async () => {
    const machine = await startMachine({ binary, argv: tinyMachine });
    const ready = refusal(waitUntilReady(machine, { kind: 'text', file: join(machine.folder, 'none'), text: 'never' }));
    machine.process.signal('SIGKILL');
    expect(String(await ready)).toMatch(/QEMU was ended by SIGKILL before the guest wrote "never"/);
    await machine.end();
  });

  it('starts with kvm or falls back to tcg', async () => {
    await withMachine({ binary, argv: tinyMachine, accelerator: 'kvm' }, async (machine) => {
      expect(typeof (await machine.execute('query-kvm')).enabled).toBe('boolean');
    });
    await withMachine({ binary, argv: tinyMachine }, async (machine) => {
      expect((await machine.execute('query-kvm')).enabled).toBe(false);
    });
  });

  const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
  const program = join(folder, 'holder.mjs');
  beforeAll(async () => {
    await build({
      input: new URL('./support/holder.ts', import.meta.url).pathname,
      platform: 'node',
      output: { file: program, format: 'esm' },
      logLevel: 'warn',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('leaves no QEMU when we are killed in the moment in which it starts', async () => {
    const child = spawn(process.execPath, [program, 'moment', JSON.stringify(binary), ...tinyMachine], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
    const pid = Number(line.split(' ')[0]);
    expect(pid).toBeGreaterThan(0);
    await until(async () => ((await runs(pid)) ? undefined : true), {
      timeoutMs: 5000,
      what: `QEMU ${pid} to be gone`,
    });
  });

  it.each(['exit', 'throw', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'leaves no orphan when we end by %s',
    async (how) => {
      const child = spawn(process.execPath, [program, how, JSON.stringify(binary), ...tinyMachine], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
        child.once('exit', (code, signal) => resolve({ code, signal })),
      );
      const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
      const [pid = '', temporary = ''] = line.split(' ');
      if (how.startsWith('SIG')) child.kill(how as NodeJS.Signals);
      const { code, signal } = await ended;
      if (how.startsWith('SIG')) expect(signal).toBe(how);
      else expect(code).toBe(how === 'exit' ? 7 : 1);
      await until(async () => ((await runs(Number(pid))) || existsSync(temporary) ? undefined : true), {
        timeoutMs: 5000,
        what: `QEMU ${pid} and ${temporary} to be gone`,
      });
    },
  );
});
