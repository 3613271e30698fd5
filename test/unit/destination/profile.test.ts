// A profile is what its schema says: the code's check and docs/schema/profile.json give the same answers on recorded
// profiles and on damaged ones, and nothing that passes can lead its reader astray.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProfile, parseProfile } from '../../../src/destination/document.js';
import { BadProfile, checkProfile, type Profile } from '../../../src/destination/profile.js';
import { parseSchema, vmsdSize } from '../../../src/vmstate/index.js';
import { profileNames, profileText, recordedDocument, recordedProfile } from '../../support/profiles.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../../docs/schema/${name}.json`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common'));
const fitsSchema = ajv.compile(schema('profile'));

function complaint(value: unknown): string | undefined {
  try {
    checkProfile(value);
    return undefined;
  } catch (error) {
    if (error instanceof BadProfile) return error.message;
    throw error;
  }
}

describe.each(profileNames)('%s', (name) => {
  const profile = recordedDocument(name);
  const destination = recordedProfile(name);

  test('fits the schema, and is written as it was read', () => {
    expect(fitsSchema(profile), ajv.errorsText(fitsSchema.errors)).toBe(true);
    expect(formatProfile(destination)).toBe(profileText(name));
    expect(parseProfile(formatProfile(destination))).toEqual(destination);
  });

  test('payloads have the lengths that the vmdescription gives', () => {
    const { devices } = parseSchema(destination.save!.vmdescription!);
    const saved = destination.save!.sections.filter(({ iterable }) => !iterable);
    expect(saved.map(({ idstr, instanceId, payload }) => [idstr, instanceId, payload.length])).toEqual(
      devices.map(({ name: idstr, instanceId, vmsd }) => [idstr, instanceId, vmsdSize(vmsd)]),
    );
  });

  test('holds what every pc has', () => {
    expect(profile.machine).toMatch(/^pc-i440fx-\d+\.\d+$/);
    expect(profile.blocks.map(({ idstr }) => idstr)).toEqual(
      expect.arrayContaining(['pc.ram', 'pc.bios', '/rom@etc/acpi/tables']),
    );
    expect(profile.blocks.find(({ idstr }) => idstr === '/rom@etc/acpi/tables')).toMatchObject({
      usedLength: 0x20000,
      maxLength: 0x200000,
    });
    expect(profile.capabilities).toMatchObject({ 'x-ignore-shared': false, multifd: false });
    expect(profile.vmstate.vmsds.length).toBeGreaterThan(250);
    const rtc = profile.vmstate.vmsds[profile.vmstate.types['mc146818rtc']!]!;
    expect(rtc).toMatchObject({ name: 'mc146818rtc', versionId: 3 });
  });
});

describe('damaged', () => {
  const whole = recordedDocument('7.2.22-pc');
  // Small, so that a change hits every part of it.
  const small: Profile = {
    ...whole,
    devices: whole.devices.slice(0, 3),
    vmdescription: '{}',
    vmstate: { types: { a: 1 }, vmsds: whole.vmstate.vmsds.slice(0, 3) },
  };

  test('small is whole', () => expect([complaint(small), fitsSchema(small)]).toEqual([undefined, true]));

  test('check and schema agree on any one change', () => {
    const strange = fc.constantFrom<unknown>(null, -1, 0.5, 2 ** 60, 'text', 'Ā', [], {}, true, undefined, ['x'], {
      x: 1,
    });
    fc.assert(
      fc.property(fc.nat(), strange, (pick, value) => {
        const copy = structuredClone(small) as unknown as Record<string, unknown>;
        const places: [Record<string, unknown>, string][] = [];
        const walk = (node: unknown): void => {
          if (typeof node !== 'object' || node === null) return;
          for (const key of Object.keys(node)) {
            places.push([node as Record<string, unknown>, key]);
            walk((node as Record<string, unknown>)[key]);
          }
        };
        walk(copy);
        const [holder, key] = places[pick % places.length]!;
        if (value === undefined) delete holder[key];
        else holder[key] = value;
        const json: unknown = JSON.parse(JSON.stringify(copy));
        const said = complaint(json);
        // What a schema cannot say.
        if (said === undefined || !said.includes('refers to entry'))
          expect([said, fitsSchema(json)]).toEqual([said, said === undefined]);
      }),
      { numRuns: 2000, seed: 4 },
    );
  });

  test('says where', () => {
    expect(complaint({ ...small, blocks: [{ ...small.blocks[0], gpa: '12' }] })).toBe(
      'blocks[0].gpa: an address 0x… is wanted here, not "12"',
    );
    expect(complaint({ ...small, extra: 1 })).toBe('nothing is called "extra" here');
    expect(() => parseProfile('{')).toThrow(BadProfile);
  });

  test('a circle, a place that is not there, a nest too deep', () => {
    const vmsd = (to: readonly number[]) => ({
      name: 'x',
      versionId: 1,
      minimumVersionId: 1,
      fields: [],
      subsections: to,
    });
    const chain = Array.from({ length: 40 }, (_, i) => vmsd(i === 0 ? [] : [i - 1]));
    expect(complaint({ ...small, vmstate: { types: {}, vmsds: [vmsd([0])] } })).toMatch(
      /refers to entry 0, which does not stand before it/,
    );
    expect(complaint({ ...small, vmstate: { types: { x: 1 }, vmsds: [vmsd([])] } })).toMatch(
      /vmstate\.types\.x: refers to entry 1 of 1/,
    );
    expect(complaint({ ...small, vmstate: { types: {}, vmsds: chain } })).toMatch(/nests deeper than 32/);
  });
});
