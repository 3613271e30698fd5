// Property 8 for every command that reads a stream: the input fails at its n-th read, for every n. The command ends
// with one error of code io, prints no stack, closes every input once and leaves no read in flight. The functions of
// the library, which close nothing, leave no read in flight either.
import { Refused } from '../../src/base/refused.js';
import { describe, expect, test } from 'vitest';
import { memorySink, memorySource, type ByteSource } from '../../src/bytes/source.js';
import { openStream, type OpenOptions } from '../../src/open/open-stream.js';
import { readDevices } from '../../src/ops/devices/read-devices.js';
import { inspect } from '../../src/ops/inspect.js';
import { decodeItems } from '../../src/ops/json/decode.js';
import { rewrite } from '../../src/ops/rewrite/rewrite.js';
import { readDescription } from '../../src/ops/transplant/read-description.js';
import { readDonor } from '../../src/ops/transplant/donor.js';
import { transplant } from '../../src/ops/transplant/transplant.js';
import { verifyStream, type Verification } from '../../src/ops/verify/verify.js';
import { mstream } from '../support/fake-host.js';
import { fixtureBytes } from '../support/fixtures.js';
import { profileText } from '../support/profiles.js';

/**
 * All inputs of one run: their reads take a turn of the event loop, are counted together, and fail from `failAt` on.
 */
class Watch {
  reads = 0;
  inFlight = 0;
  afterClose = 0;
  readonly closed: number[] = [];
  private readonly failAt: number;

  constructor(failAt = Number.POSITIVE_INFINITY) {
    this.failAt = failAt;
  }

  source(bytes: Uint8Array, label: string): ByteSource {
    const inner = memorySource(bytes, label);
    const index = this.closed.push(0) - 1;
    return {
      ...inner,
      read: async (into, at) => {
        const turn = this.reads++;
        this.inFlight += 1;
        if (this.closed[index]! > 0) this.afterClose += 1;
        // Two turns: a promise that is not waited for is still pending when the caller's has settled.
        for (let i = 0; i < 2; i += 1) await new Promise((resolve) => setImmediate(resolve));
        this.inFlight -= 1;
        if (turn >= this.failAt) throw new Error('EIO: i/o error, read');
        return inner.read(into, at);
      },
      close: async () => void (this.closed[index]! += 1),
    };
  }
}

const files: Readonly<Record<string, Uint8Array>> = {
  state: fixtureBytes('10.0.13-plain'),
  donor: fixtureBytes('11.1.3-plain'),
  bare: fixtureBytes('10.0.13-no-vmdesc'),
  live: fixtureBytes('10.0.13-live-xbzrle'),
  template: fixtureBytes('4.0.0-ignore-shared'),
  mapped: fixtureBytes('10.0.13-mapped-ram'),
  profile: Buffer.from(profileText('10.0.13-pc')),
};

describe('a command whose input fails at read n', () => {
  test.each([
    'inspect state',
    'inspect --devices state',
    'inspect --devices bare',
    'inspect --hex 0x10-0x40 state',
    'inspect --pages mapped',
    'get state cpu.env.eip',
    'get bare timer.cpu_ticks_offset --schema-from state',
    'diff state donor',
    'diff live mapped',
    'diff --schema state bare',
    'stat live mapped',
    'verify state',
    'verify --against-version 7.2 state',
    'verify --against profile state',
    'verify --against-version 9.0 mapped',
    'explain --state state "Missing section footer for ram"',
    'decode state --ram ram',
    'decode mapped --ram ram',
    'decode bare --ram ram --schema-from state',
    'rewrite state -o out --machine pc-i440fx-7.2',
    'rewrite state -o out --set cpu.env.eip=1',
    'rewrite live -o out --compact',
    'rewrite template -o out --to-dialect 4.1',
    'rewrite bare -o out --set timer.cpu_ticks_offset=1 --schema-from state',
    'transplant state --onto donor -o out',
    'transplant bare --onto donor -o out --schema-from state',
    'transplant donor --onto state --dry-run',
  ])(
    'mstream %s',
    async (command) => {
      const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2]!);
      const run = async (watch: Watch): Promise<Awaited<ReturnType<typeof mstream>>> => {
        const outcome = await mstream(args, { openInput: async (path) => watch.source(files[path]!, path) });
        expect({ inFlight: watch.inFlight, afterClose: watch.afterClose }).toEqual({ inFlight: 0, afterClose: 0 });
        expect(watch.closed).toEqual(watch.closed.map(() => 1));
        return outcome;
      };
      const whole = new Watch();
      const good = await run(whole);
      expect([0, 1], good.stderr).toContain(good.code);
      expect(whole.reads).toBeGreaterThan(0);
      for (let n = 0; n < whole.reads; n += 1) {
        const failed = await run(new Watch(n));
        // A read ahead of the place where the destination gives up: its bytes were not needed.
        if (command.includes('--against') && failed.stdout === good.stdout) continue;
        // verify reports it among its findings.
        expect(`${failed.stdout}${failed.stderr}`, `read ${n} of ${whole.reads}`).toMatch(
          /cannot read \S+: EIO: i\/o error, read/,
        );
        expect(failed.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
        expect(failed.code, `read ${n}`).toBe(3);
        expect([...failed.written.keys()]).toEqual([]);
      }
    },
    120_000,
  );
});

describe('a function of the library, with its source left open', () => {
  const options: OpenOptions = { slabSize: 16_384 };
  const drain = async (items: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of items);
  };

  test.each<[string, (open: (name: string) => ByteSource) => Promise<unknown>]>([
    ['inspect', async (open) => inspect(await openStream(open('state'), options))],
    ['a walk that is left', async (open) => leave(open('state'))],
    ['readDevices', (open) => readDevices(open('bare'), options)],
    ['verifyStream', async (open) => verifyStream(await openStream(open('state'), options))],
    ['decodeItems', async (open) => drain(decodeItems(await openStream(open('template'), options), undefined))],
    ['rewrite', (open) => rewrite(open('state'), memorySink(), [{ edit: 'machine', name: 'pc' }], options)],
    ['rewrite, compact', (open) => rewrite(open('live'), memorySink(), [{ edit: 'compact' }], options)],
    [
      'rewrite, refused',
      (open) => rewrite(open('state'), memorySink(), [{ edit: 'rename-block', block: 'no such', to: 'x' }], options),
    ],
    [
      'rewrite, refused in front',
      (open) => rewrite(open('state'), memorySink(), [{ edit: 'machine', name: '' }], options),
    ],
    ['readDonor', (open) => readDonor(open('state'), options)],
    ['readDonor, refused', (open) => readDonor(open('mapped'), options)],
    ['readDescription', (open) => readDescription(open('state'))],
    [
      'transplant',
      async (open) => transplant(open('state'), memorySink(), await readDonor(memorySource(files['donor']!)), options),
    ],
    [
      'transplant, refused',
      async (open) => transplant(open('mapped'), memorySink(), await readDonor(memorySource(files['donor']!)), options),
    ],
  ])('%s: no read is in flight when its promise settles, whichever read fails', async (_, run) => {
    const go = async (watch: Watch): Promise<unknown> => {
      const result: unknown = await run((name) => watch.source(files[name]!, name)).catch((error: unknown) => error);
      expect(watch.inFlight).toBe(0);
      expect(watch.closed).toEqual(watch.closed.map(() => 0));
      return result;
    };
    const whole = new Watch();
    await go(whole);
    expect(whole.reads).toBeGreaterThan(1);
    for (let n = 0; n < whole.reads; n += Math.max(1, Math.floor(whole.reads / 12))) {
      const failed = await go(new Watch(n));
      // The walk was left before it came to the bytes of this read.
      if (failed === undefined) continue;
      const { inspection, error } = failed as Partial<Verification> & { readonly error?: unknown };
      const reported: unknown = failed instanceof Refused ? { code: 'io' } : (inspection?.error ?? error ?? failed);
      expect(reported).toMatchObject({ code: 'io' });
    }
  });

  async function leave(source: ByteSource): Promise<void> {
    const stream = await openStream(source, options);
    for await (const event of stream.events()) if (event.kind === 'pages') break;
  }
});
