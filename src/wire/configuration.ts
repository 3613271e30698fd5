// The configuration section: machine name and subsections, those that QEMU does not (yet) know kept as bytes. QEMU:
// vmstate_configuration, migration/savevm.c (since 2.4).

import { escapeText } from '../base/quote.js';
import { cannotEncode, type Emitter } from '../bytes/emitter.js';
import { latin1, type Window } from '../bytes/window.js';
import { MAX_MACHINE_NAME } from '../limits.js';
import { be32, bytesOf, counted, type Codec } from './kit/codec.js';
import { sectionType } from './section.js';
import { subsectionHeader } from './subsection.js';

export type ConfigurationSubsection =
  /** Since 2.8, where the page size is variable (Arm). */
  | { readonly kind: 'target-page-bits'; readonly version: number; readonly bits: number }
  /** Since 4.0: the validated capabilities that were on, x-ignore-shared and (9.0) mapped-ram. */
  | { readonly kind: 'capabilities'; readonly version: number; readonly names: readonly string[] }
  /** Since 4.2, capability validate-uuid; 16 bytes. */
  | { readonly kind: 'uuid'; readonly version: number; readonly uuid: Uint8Array }
  /** Nobody knows it: kept as it stands. */
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
const uuid = bytesOf(16);

/** After the type byte 07. The window must hold the whole section (limits: MAX_CONFIGURATION). */
export const configurationSection: Codec<Configuration> = {
  decode(window) {
    const depth = window.enter('configuration');
    const length = be32.decode(window);
    if (length > MAX_MACHINE_NAME) {
      throw window.fail('limit-exceeded', `machine name of ${length} bytes`, { offset: window.position - 4 });
    }
    const machine = window.latin1(length);
    const subsections: ConfigurationSubsection[] = [];
    while (atSubsection(window, 0)) subsections.push(decodeSubsection(window));
    window.leave(depth);
    return { machine, subsections };
  },
  encode(emitter, configuration) {
    if (configuration.machine.length > MAX_MACHINE_NAME) throw cannotEncode('machine name longer than 1024 bytes');
    be32.encode(emitter, configuration.machine.length);
    emitter.latin1(configuration.machine);
    for (const subsection of configuration.subsections) encodeSubsection(emitter, subsection);
  },
  size: (configuration) =>
    configuration.subsections.reduce(
      (sum, part) => sum + headerSize(part) + bodySize(part),
      4 + configuration.machine.length,
    ),
  maxSize: Number.MAX_SAFE_INTEGER,
  describe: () => 'be32 length, machine name, subsections',
};

function decodeSubsection(window: Window): ConfigurationSubsection {
  const { name, version } = subsectionHeader.decode(window);
  const depth = window.enter(escapeText(name));
  const subsection = decodeBody(window, name, version);
  window.leave(depth);
  return subsection;
}

function decodeBody(window: Window, name: string, version: number): ConfigurationSubsection {
  switch (name) {
    case names['target-page-bits']:
      return { kind: 'target-page-bits', version, bits: be32.decode(window) };
    case names.uuid:
      return { kind: 'uuid', version, uuid: uuid.decode(window) };
    case names.capabilities: {
      const count = be32.decode(window);
      const listed: string[] = [];
      for (let i = 0; i < count; i += 1) listed.push(counted.decode(window));
      return { kind: 'capabilities', version, names: listed };
    }
    default:
      return { kind: 'unknown', name, version, bytes: window.take(unknownLength(window)).slice() };
  }
}

/** No length says where an unknown subsection ends: the next thing that can follow a configuration section does. */
function unknownLength(window: Window): number {
  for (let ahead = 0; ahead < window.available; ahead += 1) {
    if (atSubsection(window, ahead) || atTopLevel(window, ahead)) return ahead;
  }
  throw window.atEnd
    ? window.truncated(window.available + 1)
    : window.fail('limit-exceeded', 'an unknown configuration subsection has no end in sight');
}

/** Also when the bytes end before that is sure: then decoding it will say so. */
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

/** START or FULL with a printable idstr, or a command of a known shape. */
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

function encodeSubsection(emitter: Emitter, subsection: ConfigurationSubsection): void {
  const name = subsection.kind === 'unknown' ? subsection.name : names[subsection.kind];
  subsectionHeader.encode(emitter, { mark: sectionType.subsection, name, version: subsection.version });
  switch (subsection.kind) {
    case 'target-page-bits':
      be32.encode(emitter, subsection.bits);
      return;
    case 'uuid':
      uuid.encode(emitter, subsection.uuid);
      return;
    case 'capabilities':
      be32.encode(emitter, subsection.names.length);
      for (const capability of subsection.names) counted.encode(emitter, capability);
      return;
    case 'unknown':
      emitter.put(subsection.bytes);
  }
}

function headerSize(subsection: ConfigurationSubsection): number {
  return 6 + (subsection.kind === 'unknown' ? subsection.name : names[subsection.kind]).length;
}

function bodySize(subsection: ConfigurationSubsection): number {
  switch (subsection.kind) {
    case 'target-page-bits':
      return 4;
    case 'uuid':
      return 16;
    case 'capabilities':
      return subsection.names.reduce((sum, name) => sum + counted.size(name), 4);
    case 'unknown':
      return subsection.bytes.length;
  }
}

/** The names in the capabilities subsection; undefined when there is none. */
export function capabilitiesOf(configuration: Configuration | undefined): readonly string[] | undefined {
  return configuration?.subsections.find((part) => part.kind === 'capabilities')?.names;
}
