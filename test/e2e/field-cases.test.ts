// Shapes that people met in the field, made again by the lab's QEMUs: two user networks before 8.2, virtio-mem with
// nothing plugged in, explain about a state in a container. Imports support.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { knownBugFindings } from '../../src/ops/verify/known-bugs.js';
import { readDevices } from '../../src/ops/devices/read-devices.js';
import { pluggedMemory } from '../../src/ops/devices/virtio-mem.js';
import { transplanted } from '../support/transplants.js';
import { verify } from '../support/verify.js';
import { saveDonorFile } from './support/donors.js';
import { folder, load, pc, save, skip } from './support/loads.js';
import { runMstream } from './support/run-mstream.js';

if (skip !== undefined) test.skip(`shapes from the field: ${skip}`);

const bytesOf = (path: string): Uint8Array => Uint8Array.from(readFileSync(path));

describe.skipIf(skip !== undefined)('two -netdev user', () => {
  const networks = ['-netdev', 'user,id=a', '-netdev', 'user,id=b,net=10.9.0.0/24'];
  let source: Uint8Array;
  beforeAll(async () => {
    source = bytesOf(await save('7.2', pc('pc-i440fx-7.2', ...networks)));
  });

  test('of 7.2: two sections slirp 0, which no error is said about', async () => {
    const { verdict, findings, inspection } = await verify(source);
    expect([verdict, findings.filter(({ severity }) => severity === 'error')]).toEqual(['sound', []]);
    const slirp = inspection!.map.filter(({ section }) => section?.idstr === 'slirp');
    expect(slirp.map(({ section }) => section!.instanceId)).toEqual([0, 0]);
    const bugs = (minor: number, major: number) =>
      knownBugFindings(inspection!, { major, minor }).map(({ text }) => text);
    expect(bugs(2, 7).filter((text) => text.includes('slirp'))).toEqual([]);
    expect(bugs(0, 10).filter((text) => text.includes('slirp'))).toHaveLength(1);
  });

  test('transplant maps them by order onto 0 and 1 of 10.0, which loads them', async () => {
    const argv = pc('pc-i440fx-10.0', ...networks);
    const donor = bytesOf(await saveDonorFile('10.0', argv));
    const { bytes } = await transplanted(source, donor);
    const { devices } = await readDevices(bytes);
    const slirp = devices.filter(({ section }) => section.idstr === 'slirp');
    expect(slirp.map(({ section }) => section.instanceId)).toEqual([0, 1]);
    expect(await load({ release: '10.0', argv, stream: bytes })).toMatchObject({ loaded: true, ran: true });
  });
});

describe.skipIf(skip !== undefined)('virtio-mem', () => {
  test('a save with nothing plugged in is sound, and a bit in its bitmap makes a hole', async () => {
    const memory = [
      '-object',
      'memory-backend-ram,id=vm0,size=128M',
      '-device',
      'virtio-mem-pci,memdev=vm0,block-size=2M',
    ];
    const argv = pc('pc-i440fx-7.2', ...memory).map((word, i, all) => (all[i - 1] === '-m' ? '2,maxmem=1G' : word));
    const bytes = bytesOf(await save('7.2', argv));
    const { verdict, findings } = await verify(bytes);
    expect([verdict, findings.filter(({ severity }) => severity !== 'note')]).toEqual(['sound', []]);
    const { devices } = await readDevices(bytes);
    const [plugged] = pluggedMemory(devices.map(({ state }) => state));
    const device = devices.find(({ section }) => section.idstr.endsWith('/virtio-mem'))!;
    const offset = device.payload.start + (plugged!.bitmap.byteOffset - device.state.bytes.byteOffset);
    const damaged = Uint8Array.from(bytes);
    // A word of the bitmap is big-endian: bit 1 stands in its last byte.
    damaged[offset + 7] = 0b10;
    const broken = await verify(damaged);
    expect(broken.verdict).toBe('broken');
    expect(broken.findings.find(({ code }) => code === 'pages-missing')!.text).toContain('0x200000-0x400000');
  });
});

describe.skipIf(skip !== undefined)('explain --state', () => {
  const words = 'Missing section footer for timer';
  const explain = (...args: string[]): ReturnType<typeof runMstream> => runMstream(folder, ['explain', ...args]);

  test('looks into a container, names a place, and exits 3 for what is no stream', async () => {
    const state = await save('7.2', pc('pc-i440fx-7.2'));
    writeFileSync(join(folder, 'packed.gz'), gzipSync(readFileSync(state)));
    const plain = await explain('--state', state, words);
    const packed = await explain('--state', 'packed.gz', words);
    expect([plain.code, packed.code]).toEqual([0, 0]);
    expect(plain.stdout).toMatch(/timer.* at 0x[0-9a-f]+/);
    expect(packed.stdout).toBe(plain.stdout);
    writeFileSync(join(folder, 'none'), 'not a stream at all, but some text');
    expect(await explain('--state', 'none', words)).toMatchObject({ code: 3, stdout: '' });
    writeFileSync(join(folder, 'empty'), '');
    expect(await explain('--state', 'empty', words)).toMatchObject({ code: 3, stdout: '' });
  });

  test('says so when the state has no such device', async () => {
    const state = await save('7.2', pc('pc-i440fx-7.2'));
    const { code, stdout } = await explain('--state', state, 'Missing section footer for pcie_host');
    expect(stdout).toMatch(/this state has no device "?pcie_host"?: these words were not said about it/);
    expect(code).toBe(0);
  });
});
