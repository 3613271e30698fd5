// The configuration section: machine name and subsections. Subsections that no QEMU knows are kept as bytes. QEMU:
// vmstate_configuration, migration/savevm.c (since 2.4).

import { escapeText } from '../base/quote.js';
import { latin1, type Window } from '../bytes/window.js';
import { MAX_MACHINE_NAME } from '../limits.js';
import { be32, bytesOf, counted, type Codec } from './kit/codec.js';
import { list, mapped, repeated, sizedText, until } from './kit/combine.js';
import { choose, record } from './kit/record.js';
import { sectionType } from './section.js';
import { subsectionHeader } from './subsection.js';

export type ConfigurationSubsection =
  /** Since 2.8, for targets with a variable page size (Arm). */
  | { readonly kind: 'target-page-bits'; readonly version: number; readonly bits: number }
  /** Since 4.0: the validated capabilities that were on: x-ignore-shared and (since 9.0) mapped-ram. */
  | { readonly kind: 'capabilities'; readonly version: number; readonly names: readonly string[] }
  /** Since 4.2, capability validate-uuid; 16 bytes. */
  | { readonly kind: 'uuid'; readonly version: number; readonly uuid: Uint8Array }
  /** An unknown subsection, kept as bytes. */
  | { readonly kind: 'unknown'; readonly name: string; readonly version: number; readonly bytes: Uint8Array };

export interface Configuration {
  /** The machine type's full name; QEMU compares only as many characters as the stream has. */
  readonly machine: string;
  readonly subsections: readonly ConfigurationSubsection[];
}

const PREFIX = 'configuration/';
const names = {
  'target-page-bits': `${PREFIX}target-page-bits`,
  capabilities: `${PREFIX}capabilities`,
  uuid: `${PREFIX}uuid`,
};

type Kind = ConfigurationSubsection['kind'];
type Body = Readonly<Record<string, unknown>>;

/** The bytes after the header of each subsection that QEMU knows. */
const bodies: Readonly<Record<Exclude<Kind, 'unknown'>, Codec<Body>>> = {
  'target-page-bits': record(names['target-page-bits'], { bits: be32 }),
  capabilities: record(names.capabilities, { names: list(be32, counted) }),
  uuid: record(names.uuid, { uuid: bytesOf(16) }),
};

function kindOf(name: string): Kind {
  return (Object.keys(names) as (keyof typeof names)[]).find((kind) => names[kind] === name) ?? 'unknown';
}

function bodyOf({ name }: { name: string }): Codec<Body> {
  const kind = kindOf(name);
  return kind === 'unknown' ? record(escapeText(name), { bytes: until(unknownLength) }) : bodies[kind];
}

const subsection: Codec<ConfigurationSubsection> = mapped(
  record('', { body: choose(bodyOf, ...Object.values(bodies), bodyOf({ name: '' })) }, subsectionHeader),
  ({ name, version, body }) => {
    const kind = kindOf(name);
    return { kind, ...(kind === 'unknown' ? { name } : {}), version, ...body } as ConfigurationSubsection;
  },
  ({ kind, version, ...rest }) => {
    const { name = kind === 'unknown' ? '' : names[kind], ...body } = rest as Body & { readonly name?: string };
    return { mark: sectionType.subsection, name, version, body };
  },
);

/** Comes after the type byte 07. The window must hold the whole section (limits: MAX_CONFIGURATION). */
export const configurationSection: Codec<Configuration> = record('configuration', {
  machine: sizedText(be32, MAX_MACHINE_NAME, 'limit-exceeded', 'machine name'),
  subsections: repeated((window) => atSubsection(window, 0), subsection),
});

/**
 * No length says where an unknown subsection ends. The end is where something starts that can follow a configuration
 * section.
 */
function unknownLength(window: Window): number {
  for (let ahead = 0; ahead < window.available; ahead += 1) {
    if (atSubsection(window, ahead) || atTopLevel(window, ahead)) return ahead;
  }
  throw window.atEnd
    ? window.truncated(window.available + 1)
    : window.fail('limit-exceeded', 'an unknown configuration subsection has no end in sight');
}

/** True also when the bytes end before the answer is sure: decoding will then report the end. */
function atSubsection(window: Window, ahead: number): boolean {
  if (window.peek(ahead) !== sectionType.subsection) return false;
  const length = window.peek(ahead + 1);
  if (length === undefined) return true;
  const start = window.at + ahead + 2;
  return (
    length > PREFIX.length &&
    PREFIX.startsWith(latin1(window.bytes, start, Math.min(start + PREFIX.length, window.end)))
  );
}

/** A START or FULL header with a printable idstr, or a command of a known shape. */
function atTopLevel(window: Window, ahead: number): boolean {
  const type = window.peek(ahead);
  if (type === sectionType.command)
    return window.peek(ahead + 1) === 0 && (window.peek(ahead + 2) ?? 99) < 12 && window.peek(ahead + 3) === 0;
  if (type !== sectionType.start && type !== sectionType.full) return false;
  const length = window.peek(ahead + 5) ?? 0;
  const start = window.at + ahead + 6;
  if (length === 0 || start + length > window.end) return false;
  return window.bytes.subarray(start, start + length).every((byte) => byte >= 0x20 && byte < 0x7f);
}

/** The names in the capabilities subsection; undefined where the section has no such subsection. */
export function capabilitiesOf(configuration: Configuration | undefined): readonly string[] | undefined {
  return configuration?.subsections.find((part) => part.kind === 'capabilities')?.names;
}
