// A real Linux with a virtio disk and a virtio network card, saved by one release and carried to another: it goes on ticking
// with the same memory, a disk that reads what it wrote and a ping that is answered; or it is refused beforehand, with the reason
// and the option that would help. MSTREAM_RUNS above 1 (a campaign) tries every pair.
import { beforeAll, describe, expect, test } from 'vitest';
import { openLinuxGuest, type LinuxGuest } from './support/linux-guest.js';
import { skip } from './support/loads.js';
import { carryLinux, saveLinux, type LinuxSave, type Shape } from './support/transplant-linux.js';

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

describe.skipIf(why !== undefined)('a Linux', () => {
  const guest = linux as LinuxGuest;
  const saves = new Map<string, LinuxSave>();
  const pairs = runsOn.filter((pair) => campaign || pair.campaign !== true);

  beforeAll(async () => {
    // Two CPUs: two at a time.
    const releases = [...new Set(pairs.map(({ from }) => from))];
    while (releases.length > 0) for (const save of await Promise.all(releases.splice(0, 2).map((release) => saveLinux(guest, release, true)))) saves.set(save.release, save);
  }, 900_000);

  test.each(pairs)('$from to $to ticks on', { timeout: 600_000 }, async ({ from, to, shape }) => {
    const save = saves.get(from)!;
    const { report, tick } = await carryLinux(guest, save, to, shape);
    expect(report.differences.filter(({ grade }) => grade === 'lossy' || grade === 'impossible')).toEqual([]);
    expect(report.trial).toMatchObject({ state: 'passed' });
    expect(tick).toMatchObject({ disk: 'ok', label: 'source', ping: 'ok', hash: save.last.hash });
  });

  test('10.0 to 11.1 is refused: its queues are longer than any that 11.1 makes', { timeout: 600_000 }, async () => {
    const { report, written } = await carryLinux(guest, saves.get('10.0')!, '11.1', net);
    expect(written).toBe(false);
    const reasons = report.differences.filter(({ grade }) => grade === 'impossible');
    expect(reasons.map(({ before }) => before)).toEqual(['1024', '1024', '1024', '1024']);
    expect(reasons[0]!.cure).toContain('queue-size=1024');
  });

  test('7.2 to 5.2 is refused: another number of vectors', { timeout: 600_000 }, async () => {
    const { report, written } = await carryLinux(guest, saves.get('7.2')!, '5.2', net);
    expect(written).toBe(false);
    expect(report.differences.flatMap(({ grade, cure }) => (grade === 'impossible' ? [cure] : []))).toContain('give the destination’s device vectors=4');
  });
});
