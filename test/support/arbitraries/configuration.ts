// Configuration sections. The bytes of an unknown subsection have no length on the wire: they are drawn from 0x80 up,
// where nothing can look like the next thing.
import fc from 'fast-check';
import type { Configuration, ConfigurationSubsection } from '../../../src/wire/configuration.js';
import { bytes, latin1, record, u32 } from './primitives.js';

const version = fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: u32 });

export const unknownSubsection: fc.Arbitrary<ConfigurationSubsection> = record({
  kind: fc.constant('unknown' as const),
  name: latin1(240, 1)
    .map((rest) => `configuration/${rest}`)
    .filter((name) => !/^configuration\/(target-page-bits|capabilities|uuid)$/.test(name)),
  version,
  bytes: bytes(40).map((list) => list.map((byte) => byte | 0x80)),
});

export const subsection: fc.Arbitrary<ConfigurationSubsection> = fc.oneof(
  record({ kind: fc.constant('target-page-bits' as const), version, bits: u32 }),
  record({ kind: fc.constant('capabilities' as const), version, names: fc.array(latin1(255), { maxLength: 5 }) }),
  record({ kind: fc.constant('uuid' as const), version, uuid: bytes(16, 16) }),
);

/** `unknown` false: what can be decoded without anything behind it. */
export const configuration = (unknown: boolean): fc.Arbitrary<Configuration> =>
  record({
    machine: latin1(300),
    subsections: fc.array(unknown ? fc.oneof(subsection, unknownSubsection) : subsection, { maxLength: 4 }),
  });
