// vmdescription JSON: repeated keys kept, the same texts accepted as by JSON.parse, limits.

import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { formatSchema, parseSchema, targetPageSizeOf, vmsdSize } from '../../../src/vmstate/index.js';
import { MAX_VMDESCRIPTION_DEPTH, MAX_VMDESCRIPTION_VALUES } from '../../../src/limits.js';
import { deviceOf } from '../../support/vmstate-build.js';

const parse = (text: string) => parseSchema(Buffer.from(text, 'latin1'));

function codeOf(text: string): string {
  try {
    parse(text);
    return 'none';
  } catch (error) {
    if (error instanceof MigrationStreamError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('repeated keys', () => {
  const element = (name: string) =>
    `"vmsd_name": "e", "version": 1, "fields": [{"name": "${name}", "type": "uint8", "size": 1}]`;

  test('of a list are one table each', () => {
    const [field] = deviceOf(
      `{"name": "q", "type": "qtailq", ${element('a')}, ${element('b')}, ${element('c')}, "size": 7}`,
    ).vmsd.fields;
    expect(field?.inline.map((table) => table.fields[0]?.name)).toEqual(['a', 'b', 'c']);
    expect(field?.size).toBe(7);
  });

  test('with subsections between them', () => {
    const parts = '"subsections": [{"vmsd_name": "e/x", "version": 1, "fields": []}]';
    const [field] = deviceOf(`{"name": "q", "type": "qtailq", ${element('a')}, ${parts}, ${element('b')}, "size": 7}`)
      .vmsd.fields;
    expect(field?.inline.map((table) => table.subsections.length)).toEqual([1, 0]);
  });

  test('come back as they were', () => {
    const text = `{"page_size": 4096, "devices": [{"name": "d", "instance_id": 3, "vmsd_name": "d", "version": 1, "fields": [{"name": "q", "type": "qtailq", ${element('a')}, ${element('b')}, "size": 5}]}]}`;
    expect(Buffer.from(formatSchema(parse(text))).toString('latin1')).toBe(text);
  });
});

describe('the size of a payload', () => {
  test('counts the top level, arrays, and subsections with their headers', () => {
    const device = deviceOf(
      '{"name": "a", "type": "uint32", "size": 4, "array_len": 3}',
      '{"vmsd_name": "dev/x", "version": 1, "fields": [{"name": "b", "type": "bool", "size": 1}]}',
    );
    expect(vmsdSize(device.vmsd)).toBe(12 + 1 + 1 + 5 + 4 + 1);
  });

  test.each([
    ['{"name": "a", "type": "uint32"}'],
    ['{"name": "a", "type": "uint32", "size": "4"}'],
    ['{"name": "a", "type": "uint32", "size": 4, "array_len": -1}'],
    ['{"name": "a", "type": "uint32", "size": 1e300}'],
    ['7'],
  ])('is unknown with %s', (field) => {
    expect(vmsdSize(deviceOf(field).vmsd)).toBeUndefined();
  });
});

describe('what is no vmdescription', () => {
  test.each([
    ['', 'is not JSON'],
    ['{"devices": []', 'is not JSON'],
    ['{"devices": [],}', 'is not JSON'],
    ['{"devices": []} x', 'is not JSON'],
    ['{"devices": [1 2]}', 'is not JSON'],
    ['{"devices": [1, 2]}', 'has a device without name'],
    ['{"devices": [], "x": 01}', 'is not JSON'],
    ['{"devices": [], "x": "\t"}', 'is not JSON'],
    ['{"devices": [], "x": "\\q"}', 'is not JSON'],
    ['{"devices": [], "x": tru}', 'is not JSON'],
    ['[]', 'has no "devices"'],
    ['{"devices": {}}', 'has no "devices"'],
    ['{"devices": [{}]}', 'has a device without name'],
    ['{"devices": [{"name": 5}]}', 'has a device without name'],
    [`{"x": ${'['.repeat(MAX_VMDESCRIPTION_DEPTH)}`, `nests deeper than ${MAX_VMDESCRIPTION_DEPTH} levels`],
    [
      `{"x": [${'0,'.repeat(MAX_VMDESCRIPTION_VALUES)}0], "devices": []}`,
      `has more than ${MAX_VMDESCRIPTION_VALUES} values`,
    ],
  ])('%s', (text, message) => {
    expect(codeOf(text)).toBe(`bad-vmdescription: the vmdescription ${message}`);
  });
});

test('what framing needs stays as it was', () => {
  const description = parseSchema(
    Buffer.from('{ "page_size" : 4096, "devices" : [ { "name" : "d", "instance_id" : -1, "fields" : [ ] } ] }'),
  );
  expect(description).toMatchObject({
    pageSize: 4096,
    configuration: undefined,
    spacedColons: true,
    devices: [{ name: 'd', instanceId: 0xffffffff, vmsd: { fields: [] } }],
  });
  expect(vmsdSize(description.devices[0]!.vmsd)).toBe(0);
  expect(targetPageSizeOf(description)).toBe(4096);
  expect(targetPageSizeOf({ ...description, pageSize: 4095 })).toBeUndefined();
});
