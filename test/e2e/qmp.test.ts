// The QMP client against real QEMUs: negotiation, framing, matching, events that cannot be missed, deadlines, and what
// becomes of open calls when QEMU goes.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { startMachine, type Machine } from '../../src/qemu/machine.js';
import { QemuDied } from '../../src/qemu/process.js';
import { Disconnected, QmpClient, QmpError, StateError, Timeout, versionText } from '../../src/qemu/qmp/index.js';
import { onEveryQemu, onQemu, tinyMachine } from './support/qemus.js';

/** What a promise was rejected with. */
async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

onEveryQemu('QMP', ({ binary, version }) => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine({ binary, argv: tinyMachine });
  });
  afterEach(async () => {
    await machine.end();
  });

  it('greets, negotiates and answers', async () => {
    expect(machine.qmp.state).toBe('running');
    expect(versionText(machine.qmp.greeting.version)).toBe(version);
    expect(await machine.execute('query-status')).toMatchObject({ status: 'running', running: true });
  });

  it('reads large replies with several calls in flight, each reply going to its call', async () => {
    const schema = machine.execute<unknown[]>('query-qmp-schema');
    const lines = Array.from({ length: 20 }, (_, n) => machine.hmp(`print 1000+${n}`));
    const refused = refusal(machine.execute('no-such-command'));
    expect(JSON.stringify(await schema).length).toBeGreaterThan(100_000);
    expect((await Promise.all(lines)).map((line) => Number(line))).toEqual(lines.map((_, n) => 1000 + n));
    expect(await refused).toBeInstanceOf(QmpError);
  });

  it("gives QEMU's class and words when it refuses", async () => {
    expect(await refusal(machine.execute('no-such-command'))).toMatchObject({
      name: 'QmpError',
      class: 'CommandNotFound',
      command: 'no-such-command',
      desc: expect.stringContaining('no-such-command') as string,
    });
    expect(await refusal(machine.execute('migrate', { uri: 'nonsense:' }))).toMatchObject({ class: 'GenericError' });
  });

  it('misses no event that came before the wait', async () => {
    const mark = machine.mark();
    await machine.execute('stop');
    await machine.execute('cont');
    const resume = await machine.waitForEvent('RESUME', { since: mark, timeoutMs: 5000 });
    const stop = await machine.waitForEvent('STOP', { since: mark, timeoutMs: 5000 });
    expect(stop.sequence).toBeLessThan(resume.sequence);
    const seen: string[] = [];
    for await (const { event } of machine.qmp.events(mark)) if (seen.push(event) === 2) break;
    expect(seen).toEqual(['STOP', 'RESUME']);
    await expect(machine.waitForEvent('STOP', { timeoutMs: 50 })).rejects.toThrow(Timeout);
  });

  it('fails open calls and waits at once when QEMU is killed', async () => {
    machine.process.signal('SIGSTOP');
    const open = [
      machine.execute('query-status'),
      machine.execute('query-migrate'),
      machine.waitForEvent('STOP'),
      refusal(machine.qmp.execute('query-kvm')),
    ];
    const started = performance.now();
    machine.process.signal('SIGKILL');
    const [status, migrate, event, bare] = await Promise.all(open.map(refusal));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(status).toBeInstanceOf(QemuDied);
    expect(status).toMatchObject({
      exit: { signal: 'SIGKILL' },
      message: expect.stringContaining('during query-status') as string,
    });
    expect(migrate).toBeInstanceOf(QemuDied);
    expect(event).toMatchObject({ message: expect.stringContaining('while event STOP was awaited') as string });
    expect(bare).toBeUndefined();
    expect(await refusal(machine.qmp.execute('query-status'))).toBeInstanceOf(Disconnected);
    expect(machine.qmp.state).toBe('idle');
  });
});

onQemu('7.2', 'QMP deadlines and states', ({ binary }) => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine({ binary, argv: tinyMachine });
  });
  afterEach(async () => {
    await machine.end();
  });

  it('says what it waited for and what it saw last', async () => {
    await machine.execute('stop');
    machine.process.signal('SIGSTOP');
    const failed = await refusal(machine.execute('query-status', undefined, { timeoutMs: 100 }));
    machine.process.signal('SIGCONT');
    expect(failed).toBeInstanceOf(Timeout);
    expect(String(failed)).toMatch(
      /waited 0\.1 s for the reply to query-status; last seen: the reply to stop, 0\.\d s ago; stderr: \(nothing\)/,
    );
    // The late reply belongs to nobody; the session goes on.
    expect(await machine.execute('query-status')).toMatchObject({ status: 'paused' });
  });

  it('stops waiting when the signal says so', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const waits = [
      machine.waitForEvent('NEVER', { signal: controller.signal }),
      machine.execute('query-status', undefined, { signal: AbortSignal.abort(reason) }),
    ];
    const outcomes = waits.map(refusal);
    controller.abort(reason);
    expect(await Promise.all(outcomes)).toEqual([reason, reason]);
  });

  it('goes idle → running → idle, and may be connected again', async () => {
    await machine.qmp.disconnect();
    expect(machine.qmp.state).toBe('idle');
    await expect(machine.qmp.execute('query-status')).rejects.toThrow('disconnected at our request');
    const client = new QmpClient();
    await expect(client.execute('query-status')).rejects.toThrow(StateError);
    await client.connect({ path: machine.socket });
    await expect(client.connect({ path: machine.socket })).rejects.toThrow(StateError);
    expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
    await client.disconnect();
    await client.connect({ path: machine.socket });
    expect(client.state).toBe('running');
    await client.disconnect();
  });

  it('waits for a socket that never comes no longer than it was told', async () => {
    const failed = await refusal(new QmpClient().connect({ path: `${machine.folder}/none` }, { timeoutMs: 100 }));
    expect(failed).toBeInstanceOf(Timeout);
    expect(String(failed)).toContain('ENOENT');
    await expect(new QmpClient().connect({ path: `${machine.folder}/none` }, { once: true })).rejects.toThrow(
      Disconnected,
    );
  });

  it('does not wait for a greeting for ever', async () => {
    const client = new QmpClient();
    // QEMU serves one monitor connection at a time: the second gets no greeting.
    const failed = await refusal(client.connect({ path: machine.socket }, { timeoutMs: 200 }));
    expect(String(failed)).toMatch(/waited 0\.\d s for QEMU's greeting; last seen: nothing from QEMU/);
    expect(client.state).toBe('idle');
  });
});
