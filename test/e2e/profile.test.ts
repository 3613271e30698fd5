// Profiles of real QEMUs: pc, q35 with devices, microvm; what they say agrees with what a save says, with what was
// recorded, and with what QEMU does when a state is loaded. Imports qemu/ and support.
import { Refused } from '../../src/base/refused.js';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Destination } from '../../src/destination/destination.js';
import { formatProfile, parseProfile } from '../../src/destination/document.js';
import { openStream } from '../../src/open/open-stream.js';
import { askDestination } from '../../src/qemu/ask/ask.js';
import { qemuLines, tryAll, tryLoad, type Trial } from '../../src/qemu/try-load.js';
import { profileText, type ProfileName } from '../support/profiles.js';
import { onEveryQemu, onQemu, tinyMachine } from './support/qemus.js';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;

const capture = (name: string): Buffer => gunzipSync(readFileSync(`${fixtures}streams/${name}/state.gz`));
const truth = (
  name: string,
): { target?: string; argv: string[]; info_ramblock: string; capabilities: Record<string, boolean> } =>
  JSON.parse(readFileSync(`${fixtures}streams/${name}/truth.json`, 'utf8'));

/** idstr and instance of every section of a stream, in order. */
async function sectionsOf(bytes: Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for await (const event of (await openStream(bytes)).events()) {
    if (event.kind === 'section-open' && (event.type === 'start' || event.type === 'full'))
      found.push(`${event.section.idstr}/${event.section.instanceId} v${event.section.versionId}`);
  }
  return found;
}

const named = ({ save }: Destination): string[] =>
  save!.sections.map(({ idstr, instanceId, versionId }) => `${idstr}/${instanceId} v${versionId}`);

onEveryQemu('a profile', ({ version, binary }) => {
  test('of a pc is what was recorded', async () => {
    const recorded = parseProfile(profileText(`${version}-pc` as ProfileName));
    const profile = await askDestination(binary, recorded.argv, { cwd: fixtures });
    const lasting = ({ save, ...rest }: Destination): unknown => ({
      ...rest,
      created: '',
      save: {
        ...save,
        vmdescription: '',
        producer: '',
        sections: save!.sections.map((section) => ({ ...section, payload: section.payload.length, offset: 0 })),
      },
    });
    expect(lasting(profile)).toEqual(lasting(recorded));
    const document = formatProfile(profile);
    expect(formatProfile(parseProfile(document))).toBe(document);
    expect(lasting(parseProfile(document))).toEqual(lasting(profile));
  });

  test.each(['q35-devices', 'microvm'])(
    'of the machine that %s was captured from has its sections and blocks',
    async (name) => {
      const { argv, info_ramblock } = truth(`${version}-${name}`);
      const profile = await askDestination(binary, argv, { cwd: fixtures });
      expect(profile.notes).toEqual([]);
      expect(named(profile)).toEqual(await sectionsOf(capture(`${version}-${name}`)));
      for (const { idstr, usedLength, migratable } of profile.blocks) {
        expect(info_ramblock).toContain(idstr);
        expect(info_ramblock).toContain(`0x${usedLength.toString(16).padStart(16, '0')}`);
        expect(migratable).toBe(true);
      }
    },
  );
});

const featuresOf = ({ offers }: Destination): Record<string, bigint> =>
  Object.fromEntries([...offers].map(([key, { features }]) => [key, features]));

onEveryQemu('a profile', ({ binary }) => {
  test('has the features that virtio devices offer, and which of them are those of the real network', async () => {
    const disk = ['-blockdev', 'driver=null-co,node-name=d,read-zeroes=on', '-device', 'virtio-blk-pci,drive=d,addr=2'];
    const network = ['-netdev', 'tap,id=n', '-device', 'virtio-net-pci,romfile=,netdev=n,addr=3'];
    const [full, less] = await Promise.all([
      askDestination(binary, [...tinyMachine, ...disk, ...network]),
      askDestination(binary, [
        ...tinyMachine,
        ...disk.map((word) => word.replace('drive=d', 'drive=d,discard=off,disable-modern=on')),
      ]),
    ]);
    expect([full.notes, full.known['devices.virtio'], less.known['devices.virtio']]).toEqual([
      [],
      'refusal',
      'refusal',
    ]);
    expect(Object.keys(featuresOf(full))).toEqual(['0/0000:00:02.0/virtio-blk', '0/0000:00:03.0/virtio-net']);
    // VIRTIO_BLK_F_DISCARD, VIRTIO_F_ANY_LAYOUT, VIRTIO_F_VERSION_1.
    const gone = featuresOf(full)['0/0000:00:02.0/virtio-blk']! & ~featuresOf(less)['0/0000:00:02.0/virtio-blk']!;
    expect(gone).toBe((1n << 13n) | (1n << 27n) | (1n << 32n));
    const unsure = [...full.offers.values()].map((offer) => offer.unsure);
    expect(unsure.map((bits) => bits & 0xffn)).toEqual([0n, 0x83n]);
  });
});

/** A stream with the text of globalstate changed. */
async function withRunState(bytes: Buffer, state: string): Promise<Buffer> {
  const copy = Buffer.from(bytes);
  for await (const event of (await openStream(bytes)).events()) {
    if (event.kind === 'payload' && event.section.idstr === 'globalstate')
      copy.write(`${state}\0`, event.span.start + 4, 'latin1');
  }
  return copy;
}

onEveryQemu('trying', ({ version, binary }) => {
  const state = capture(`${version}-plain`);
  const common = { binary, argv: tinyMachine };

  test('loads, is rejected with all that QEMU says, and dies', async () => {
    const wrong = Buffer.from(state);
    wrong[state.indexOf('pc-i440fx')] = 0x71;
    const [loads, machine, cut, died] = (await tryAll([
      { ...common, state },
      { ...common, state: wrong },
      { ...common, state: state.subarray(0, 30_000) },
      { ...common, state: await withRunState(state, 'save-vm') },
    ])) as Trial[];
    expect(loads).toMatchObject({
      verdict: 'loads',
      lines: [],
      exitCode: null,
      runState: expect.stringMatching(/^(paused|prelaunch)$/),
    });
    expect(machine).toMatchObject({ verdict: 'rejected', exitCode: 1, signal: null, runState: null });
    expect(machine!.lines.join('\n')).toContain("Machine type received is 'qc-i440fx-");
    expect(machine!.lines.at(-1)).toMatch(/^load of migration failed: Invalid argument/);
    expect(cut).toMatchObject({ verdict: 'rejected', exitCode: 1 });
    expect(cut!.lines.at(-1)).toMatch(/^load of migration failed: Input\/output error/);
    expect(died).toMatchObject({ verdict: 'died', exitCode: null, signal: 'SIGABRT' });
  });

  // No false alarm: disks that hold nothing, cut networks and empty memory change no verdict.
  test('every capture loads, without a word, into the machine that it came from, made harmless', async () => {
    // A QEMU with postcopy-preempt on wants a socket, and says so.
    const names = readdirSync(`${fixtures}streams`).filter(
      (name) =>
        name.startsWith(`${version}-`) &&
        !name.endsWith('-postcopy-preempt') &&
        existsSync(`${fixtures}streams/${name}/state.gz`) &&
        (truth(name).target ?? 'x86_64') === 'x86_64',
    );
    const cases = names.map((name) => {
      const { argv, capabilities } = truth(name);
      return {
        binary,
        argv,
        cwd: fixtures,
        state: capture(name),
        capabilities: Object.keys(capabilities).filter((one) => capabilities[one] === true),
      };
    });
    const trials = await tryAll(cases);
    const wrong = names.filter(
      (_, i) => trials[i] instanceof Error || trials[i]!.verdict !== 'loads' || trials[i]!.lines.length > 0,
    );
    expect([names.length > 10, wrong]).toEqual([true, []]);
  });

  test('with the memory of a template, mapped privately or copied', async () => {
    const name = `${version}-ignore-shared`;
    const memory = gunzipSync(readFileSync(`${fixtures}streams/${name}/mem0.img.gz`));
    const folder = mkdtempSync(join(tmpdir(), 'mstream-template-'));
    writeFileSync(`${folder}/memory`, memory);
    const argv = [
      ...tinyMachine,
      '-object',
      'memory-backend-file,id=mem0,size=2M,share=on,mem-path=/nowhere',
      '-numa',
      'node,memdev=mem0',
    ];
    try {
      for (const how of ['private', 'copy'] as const) {
        let seen: Buffer | undefined;
        const look = async (machine: { readMemory(address: number, size: number): Promise<Buffer> }): Promise<void> =>
          void (seen = await machine.readMemory(0x10000, 0x10000));
        const trial = await tryLoad({
          binary,
          argv,
          state: capture(name),
          capabilities: ['x-ignore-shared'],
          memory: { mem0: { file: `${folder}/memory`, how } },
          look,
        });
        expect(trial).toMatchObject({ verdict: 'loads', lines: [] });
        expect(seen?.equals(memory.subarray(0x10000, 0x20000))).toBe(true);
        expect(readFileSync(`${folder}/memory`).equals(memory)).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

onQemu('10.0', 'trying', ({ binary }) => {
  test('an empty state hangs', async () => {
    expect(await tryLoad({ binary, argv: tinyMachine, state: new Uint8Array(0), timeoutMs: 1_000 })).toMatchObject({
      verdict: 'hung',
      exitCode: null,
    });
  });

  test('mapped-ram goes by file:', async () => {
    const { argv } = truth('10.0.13-mapped-ram');
    expect(
      await tryLoad({
        binary,
        argv,
        cwd: fixtures,
        state: capture('10.0.13-mapped-ram'),
        capabilities: ['mapped-ram'],
      }),
    ).toMatchObject({ verdict: 'loads', lines: [] });
  });

  test('what cannot be made harmless is not started', async () => {
    await expect(askDestination(binary, ['-device', 'vfio-pci,host=0'])).rejects.toThrow(Refused);
    const [trial] = await tryAll([{ binary, argv: ['-readconfig', 'x'], state: new Uint8Array(1) }]);
    expect(trial).toBeInstanceOf(Refused);
  });

  test('a QEMU that cannot save itself says so, and the rest is told all the same', async () => {
    const profile = await askDestination(binary, [
      ...tinyMachine,
      '-device',
      'ivshmem-plain,memdev=m',
      '-object',
      'memory-backend-ram,id=m,size=1M,share=on',
      '-global',
      'migration.send-configuration=off',
    ]);
    expect(profile.notes[0]).toMatch(/cannot save itself/);
    expect(profile).toMatchObject({
      sendConfiguration: false,
      save: undefined,
      known: { devices: 'unknown', sendConfiguration: 'argv' },
    });
    expect(profile.blocks.length).toBeGreaterThan(3);
  });
});

describe("QEMU's lines", () => {
  test('without its name, empty lines and warnings, everything else as it stands', () => {
    expect(
      qemuLines(
        'qemu-system-x86_64: a: b\n/usr/bin/qemu-system-aarch64: warning: c\n\nx qemu-system-x86_64: d\nqemu-kvm: e\n',
      ),
    ).toEqual(['a: b', 'x qemu-system-x86_64: d', 'e']);
  });
});
