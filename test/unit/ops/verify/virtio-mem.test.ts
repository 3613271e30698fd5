// Memory of virtio-mem: what is not plugged in is not sent, and an absent page of what is plugged in is a hole.
import { expect, test } from 'vitest';
import { deviceOf, pluggedHoles, pluggedMemory } from '../../../../src/ops/devices/virtio-mem.js';
import { readDevices } from '../../../../src/ops/devices/read-devices.js';
import { PageIndex } from '../../../../src/ram/page-index.js';
import { fieldCase } from '../../../support/cases.js';
import { verify } from '../../../support/verify.js';

test('a save whose virtio-mem has nothing plugged in is sound; with a bit set it has holes', async () => {
  const bytes = fieldCase('vmem72');
  if (bytes === undefined) return;
  const { verdict, findings } = await verify(bytes);
  expect([verdict, findings.filter(({ severity }) => severity !== 'note')]).toEqual(['sound', []]);
  const { devices } = await readDevices(bytes);
  const [memory] = pluggedMemory(devices.map(({ state }) => state));
  expect(memory).toMatchObject({ prefix: '0000:00:02.0/', regionSize: 0x1000_0000, blockSize: 0x20_0000 });
  const device = devices.find(({ section }) => section.idstr.endsWith('/virtio-mem'))!;
  // The bitmap's first word is big-endian: bit 1 of block 1 stands in its last byte.
  const at = Buffer.from(bytes).indexOf(memory!.bitmap, device.payload.start);
  const offset = device.payload.start + (memory!.bitmap.byteOffset - device.state.bytes.byteOffset);
  expect(at).toBeGreaterThan(0);
  const damaged = Buffer.from(bytes);
  damaged[offset + 7] = 0b10;
  const broken = await verify(damaged);
  expect(broken.verdict).toBe('broken');
  const hole = broken.findings.find(({ code }) => code === 'pages-missing')!;
  expect(hole.text).toContain('512 of 65536 pages');
  expect(hole.text).toContain('0x200000-0x400000');
});

test('which block, which bits', () => {
  const bitmap = new Uint8Array(16);
  bitmap[7] = 0b101;
  bitmap[8] = 0x80;
  const memory = { prefix: '0000:00:02.0/', regionSize: 128 * 8192, blockSize: 8192, bitmap };
  expect(deviceOf([memory], { idstr: '0000:00:02.0/mem1', usedLength: 128 * 8192 })).toBe(memory);
  expect(deviceOf([memory], { idstr: '0000:00:02.0/mem1', usedLength: 8192 })).toBeUndefined();
  expect(deviceOf([memory], { idstr: '0000:00:02.0/a/rom', usedLength: 128 * 8192 })).toBeUndefined();
  const index = new PageIndex();
  expect(pluggedHoles(memory, index, 0, 256, 4096)).toEqual([
    { first: 0, count: 2 },
    { first: 4, count: 2 },
    { first: 254, count: 2 },
  ]);
});
