// A real Linux with a virtio disk and a virtio network card, saved by one release and carried to another: it goes on
// ticking with the same memory, a disk that reads what it wrote and a ping that is answered; or it is refused
// beforehand, with the reason and the option that would help, and forced all the same it is refused by QEMU for that
// reason. MSTREAM_RUNS above 1 (a campaign) tries every pair.
import { beforeAll, describe, expect, test } from 'vitest';
import { featureNames } from '../../src/devices/index.js';
import { openLinuxGuest, type LinuxGuest } from './support/linux-guest.js';
import { skip } from './support/loads.js';
import { carryLinux, forcedWords, saveLinux, type LinuxSave, type Shape } from './support/transplant-linux.js';

const say = (line: string): void => console.error(line);
const linux = skip === undefined ? await openLinuxGuest(say) : { unavailable: skip };
const why = 'unavailable' in linux ? linux.unavailable : undefined;
if (why !== undefined) {
  say(`transplants of a Linux skipped: ${why}`);
  test.skip(`transplants of a Linux: ${why}`);
}
const campaign = Number(process.env['MSTREAM_RUNS'] ?? 1) > 1;

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly shape: Shape;
  readonly campaign?: boolean;
}

const net: Shape = { net: true };
/** Machine types up to 5.2 have three vectors. */
const older: Shape = { net: true, nic: ',vectors=3' };

const runsOn: readonly Pair[] = [
  { from: '5.2', to: '7.2', shape: older },
  { from: '7.2', to: '11.1', shape: net },
  { from: '10.0', to: '7.2', shape: net },
  { from: '5.2', to: '10.0', shape: older, campaign: true },
  { from: '5.2', to: '11.1', shape: older, campaign: true },
  { from: '7.2', to: '10.0', shape: net, campaign: true },
  { from: '11.1', to: '7.2', shape: net, campaign: true },
  { from: '11.1', to: '10.0', shape: net, campaign: true },
];

/** From these to 5.2 the guest uses features that 5.2 does not have. */
const tooNew = campaign ? ['7.2', '10.0', '11.1'] : ['7.2'];

describe.skipIf(why !== undefined)('a Linux', () => {
  const guest = linux as LinuxGuest;
  const saves = new Map<string, LinuxSave>();
  let diskOnly: LinuxSave;
  const pairs = runsOn.filter((pair) => campaign || pair.campaign !== true);

  beforeAll(async () => {
    const wanted = [
      ...[...new Set([...pairs.map(({ from }) => from), ...tooNew])].map((release) => ({ release, net: true })),
      { release: '10.0', net: false },
    ];
    // Two CPUs: two at a time.
    while (wanted.length > 0) {
      await Promise.all(
        wanted.splice(0, 2).map(async ({ release, net: withNet }) => {
          const save = await saveLinux(guest, release, withNet);
          if (withNet) saves.set(release, save);
          else diskOnly = save;
        }),
      );
    }
  }, 900_000);

  test.each(pairs)('$from to $to ticks on', { timeout: 600_000 }, async ({ from, to, shape }) => {
    const save = saves.get(from)!;
    const { report, tick } = await carryLinux(guest, save, to, shape);
    expect(report.differences.filter(({ grade }) => grade === 'lossy' || grade === 'impossible')).toEqual([]);
    expect(report.trial).toMatchObject({ state: 'passed' });
    // The firmware has placed the devices.
    expect(report.trial.state === 'passed' && report.trial.regions).toBeGreaterThan(4);
    expect(tick).toMatchObject({ disk: 'ok', label: 'source', ping: 'ok', hash: save.last.hash });
  });

  test('10.0 to 11.1 with a disk alone ticks on, its queue as long as 10.0’s', { timeout: 600_000 }, async () => {
    const { report, tick } = await carryLinux(guest, diskOnly, '11.1', { net: false, blk: ',queue-size=1024' });
    expect(report).toMatchObject({ state: 'exact', trial: { state: 'passed' } });
    expect(tick).toMatchObject({ disk: 'ok', label: 'source', ping: '-', hash: diskOnly.last.hash });
  });

  test('10.0 to 11.1 is refused: its queues are longer than any that 11.1 makes', { timeout: 600_000 }, async () => {
    const { report, written } = await carryLinux(guest, saves.get('10.0')!, '11.1', net);
    expect(written).toBe(false);
    const reasons = report.differences.filter(({ grade }) => grade === 'impossible');
    expect(reasons.map(({ before, after }) => `${before} ${after}`)).toEqual([
      '1024 256',
      '1024 256',
      '1024 256',
      '1024 64',
    ]);
    expect(reasons[0]!.cure).toContain('queue-size=1024');
    expect(await forcedWords(guest, saves.get('10.0')!, '11.1', net)).toContain(
      'VQ 0 vring.num 1024 exceeds allocated max 256',
    );
    // With what helps the disk and the card's first queue, the next one is the reason.
    const cured: Shape = { net: true, blk: ',queue-size=1024', nic: ',rx_queue_size=1024' };
    const rest = (await carryLinux(guest, saves.get('10.0')!, '11.1', cured)).report.differences.filter(
      ({ grade }) => grade === 'impossible',
    );
    expect(rest.map(({ path }) => /queues\[\d\]/.exec(path)?.[0])).toEqual(['queues[1]', 'queues[2]']);
    expect(await forcedWords(guest, saves.get('10.0')!, '11.1', cured)).toContain(
      'VQ 1 vring.num 1024 exceeds allocated max 256',
    );
  });

  test(
    '5.2 to 7.2 with one vector more is refused: forced, it loads, and the network card is deaf',
    { timeout: 600_000 },
    async () => {
      const save = saves.get('5.2')!;
      const { report, written } = await carryLinux(guest, save, '7.2', net);
      expect(written).toBe(false);
      expect(report.differences.flatMap(({ grade, cure }) => (grade === 'impossible' ? [cure] : []))).toEqual(
        Array(2).fill('give the destination’s device vectors=3'),
      );
      expect((await carryLinux(guest, save, '7.2', net, { force: true })).tick).toMatchObject({
        disk: 'ok',
        ping: 'lost',
        hash: save.last.hash,
      });
    },
  );

  test.each(tooNew)(
    '%s to 5.2 is refused: vectors, and then features that the guest uses',
    { timeout: 600_000 },
    async (from) => {
      const save = saves.get(from)!;
      const bare = await carryLinux(guest, save, '5.2', net);
      expect(bare.written).toBe(false);
      expect(bare.report.differences.flatMap(({ grade, cure }) => (grade === 'impossible' ? [cure] : []))).toContain(
        'give the destination’s device vectors=4',
      );
      const cured: Shape = { net: true, nic: ',vectors=4' };
      const { report, written } = await carryLinux(guest, save, '5.2', cured, { allow: 'lossy' });
      expect([written, report.trial.state]).toEqual([false, 'not-tried']);
      const reasons = report.differences.filter(({ grade }) => grade === 'impossible');
      const why = 'the guest uses features that the destination does not offer';
      expect(reasons.map((reason) => reason.why)).toEqual(reasons.map(() => why));
      // The comparison before the trial names every device; QEMU names the first that it loads.
      const deviceOf = ({ path }: { path: string }): string => path.replace(/\.virtio\.guest_features$/, '');
      const words = await forcedWords(guest, save, '5.2', cured);
      const [, wanted = '', allowed = ''] =
        /Features (0x[\da-f]+) unsupported\. Allowed features: (0x[\da-f]+)/.exec(words) ?? [];
      const reason = reasons.find((candidate) => words.includes(`device '${deviceOf(candidate)}'`));
      expect(reason?.before).toBe(
        featureNames(/[^/]+$/.exec(deviceOf(reason!))![0], BigInt(wanted) & ~BigInt(allowed)).join(', '),
      );
    },
  );
});
