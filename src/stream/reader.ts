// The grammar: header, configuration, sections, commands, end. It pulls bytes from a cursor, yields events, and asks a
// port who reads a payload. Input that it cannot follow ends in a MigrationStreamError. QEMU: qemu_loadvm_state() and
// qemu_loadvm_state_main(), migration/savevm.c.

import { span } from '../base/span.js';
import { escapeText, quote } from '../base/quote.js';
import { PAGE_BITS_MAX, PAGE_BITS_MIN } from '../base/units.js';
import type { Cursor } from '../bytes/cursor.js';
import { CUT, hex } from '../bytes/window.js';
import { MAX_CONFIGURATION, MAX_LOOK, MAX_PACKAGED_DEPTH, MAX_SECTIONS, MAX_VMDESCRIPTION } from '../limits.js';
import { commandFacts, commandHeader, commandName, migCommand } from '../wire/command.js';
import { capabilitiesOf, configurationSection } from '../wire/configuration.js';
import { fileHeader, QEMU_VM_FILE_MAGIC, QEMU_VM_FILE_VERSION } from '../wire/file-header.js';
import {
  sectionHeader,
  sectionHeaderShort,
  sectionType,
  type SectionHeader,
  type SectionKind,
} from '../wire/section.js';
import type { StreamEvent } from './event.js';
import type { ReaderOptions, ReaderState } from './reader-state.js';
import { followWords, whatFollows } from './what-follows.js';
import { closeSection } from './section-close.js';
import { readDevicePayload } from './device-payload.js';

const kinds: ReadonlyMap<number, SectionKind> = new Map<number, SectionKind>([
  [sectionType.start, 'start'],
  [sectionType.part, 'part'],
  [sectionType.end, 'end'],
  [sectionType.full, 'full'],
]);

/**
 * The whole stream, from first byte to last.
 * @throws MigrationStreamError of any code except cannot-encode
 */
export async function* readEvents(cursor: Cursor, options: ReaderOptions): AsyncGenerator<StreamEvent> {
  const state: ReaderState = {
    options,
    configuration: undefined,
    footers: options.footers,
    adviseSummary: undefined,
    lengths: options.lengths,
    heldTo: 0,
    disagreements: [],
    sections: new Map(),
    parts: new Map(),
  };
  yield* readHeader(cursor);
  yield* readConfiguration(cursor, state);
  yield* readItems(cursor, state, 0, undefined);
  yield* readTail(cursor, state);
  if (cursor.brokenEnd !== undefined) throw cursor.brokenEnd;
}

async function* readHeader(cursor: Cursor): AsyncGenerator<StreamEvent> {
  const start = cursor.position;
  await cursor.fill(fileHeader.maxSize);
  if (cursor.available >= 4 && cursor.view.getUint32(cursor.at) !== QEMU_VM_FILE_MAGIC) {
    throw cursor.fail(
      'not-a-stream',
      `no QEMU migration stream: it begins with ${hex(cursor.u32())}, not with "QEVM"`,
      { offset: start },
    );
  }
  const { version } = fileHeader.decode(cursor);
  if (version !== QEMU_VM_FILE_VERSION) {
    throw cursor.fail('unsupported-version', `stream version ${version}, and only 3 is known`, {
      offset: start + 4,
      hint: { code: version === 2 ? 'version-2' : 'damaged' },
    });
  }
  yield { kind: 'header', version, span: span(start, cursor.position) };
}

async function* readConfiguration(cursor: Cursor, state: ReaderState): AsyncGenerator<StreamEvent> {
  await cursor.fill(1);
  if (cursor.peek() !== sectionType.configuration) return;
  const start = cursor.position;
  // Only an unknown subsection needs this many bytes. On a live pipe RAM follows at once, so the wait is short.
  await cursor.fill(MAX_CONFIGURATION);
  cursor.u8();
  const ahead = cursor.lookahead(MAX_CONFIGURATION);
  const configuration = configurationSection.decode(ahead);
  cursor.at += ahead.position - cursor.position;
  state.configuration = configuration;
  yield { kind: 'configuration', configuration, span: span(start, cursor.position) };
  for (const part of configuration.subsections) {
    if (part.version === 1) continue;
    const name = part.kind === 'unknown' ? escapeText(part.name) : part.kind;
    yield {
      kind: 'warning',
      code: 'version-of-subsection',
      message: `configuration subsection ${name} has version ${part.version}; only 1 is known`,
      path: ['configuration'],
      span: span(start, start),
    };
  }
  const bits = configuration.subsections.find((part) => part.kind === 'target-page-bits')?.bits ?? PAGE_BITS_MIN;
  if ((bits < PAGE_BITS_MIN || bits > PAGE_BITS_MAX) && state.options.targetPageSize?.how !== 'option') {
    throw cursor.fail('bad-configuration', `target pages of 2^${bits} bytes, and no QEMU has any but 2^10 to 2^16`, {
      offset: start,
      hint: { code: 'page-size' },
    });
  }
}

/** Sections and commands up to EOF, or up to `end` inside a PACKAGED blob. */
async function* readItems(
  cursor: Cursor,
  state: ReaderState,
  depth: number,
  end: number | undefined,
): AsyncGenerator<StreamEvent> {
  while (end === undefined || cursor.position < end) {
    await cursor.fill(sectionHeader.maxSize + 1);
    const start = cursor.position;
    const type = cursor.available === 0 ? undefined : cursor.u8();
    if (type === undefined) throw cursor.truncated(1, 'the end of the stream (EOF byte)');
    const kind = kinds.get(type);
    if (kind !== undefined) yield* readSection(cursor, state, kind, start, end);
    else if (type === sectionType.command) yield* readCommand(cursor, state, start, depth, end);
    else if (type === sectionType.eof) {
      yield { kind: 'eof', span: span(start, cursor.position) };
      return;
    } else {
      throw cursor.fail('bad-section-type', `unknown section type ${type}`, {
        offset: start,
        hint: { code: 'damage-before' },
      });
    }
    if (end !== undefined && cursor.position > end)
      throw cursor.fail('bad-command', 'PACKAGED blob ends inside this', { offset: end });
  }
}

async function* readSection(
  cursor: Cursor,
  state: ReaderState,
  type: SectionKind,
  start: number,
  limit: number | undefined,
): AsyncGenerator<StreamEvent> {
  const section = openSection(cursor, state, type, start);
  const depth = cursor.enter(`section ${section.sectionId} ${quote(section.idstr)}`);
  if (type === 'part') {
    const number = (state.parts.get(section.sectionId) ?? 0) + 1;
    state.parts.set(section.sectionId, number);
    cursor.enter(`part ${number}`);
  }
  yield { kind: 'section-open', type, section, span: span(start, cursor.position) };
  if (section.idstr === 'ram') {
    const bits = state.configuration?.subsections.find((part) => part.kind === 'target-page-bits')?.bits;
    const fromBits = bits === undefined ? undefined : { value: 2 ** bits, how: 'configuration' as const };
    yield* state.options.port.ram.read(cursor, {
      sectionId: section.sectionId,
      capabilities: state.configuration === undefined ? undefined : (capabilitiesOf(state.configuration) ?? []),
      adviseSummary: state.adviseSummary,
      footers: state.footers,
      targetPageSize:
        state.options.targetPageSize?.how === 'option'
          ? state.options.targetPageSize
          : (fromBits ?? state.options.targetPageSize),
      layout: state.options.layout,
      mappedBase: state.options.mappedBase,
      bodies: state.options.bodies === 'all',
    });
  } else {
    yield* readDevicePayload(cursor, state, section, type, limit);
  }
  yield* closeSection(cursor, state, section);
  cursor.leave(depth);
}

function openSection(cursor: Cursor, state: ReaderState, type: SectionKind, start: number): SectionHeader {
  if (type === 'start' || type === 'full') {
    const section = sectionHeader.decode(cursor);
    if (section.idstr === '') throw cursor.fail('bad-string', 'section with an empty idstr', { offset: start + 5 });
    if (state.sections.size >= MAX_SECTIONS) throw cursor.fail('limit-exceeded', `more than ${MAX_SECTIONS} sections`);
    state.sections.set(section.sectionId, section);
    return section;
  }
  const { sectionId } = sectionHeaderShort.decode(cursor);
  const section = state.sections.get(sectionId);
  if (section === undefined) {
    throw cursor.fail('unknown-section-id', `${type.toUpperCase()} of section ${sectionId}, which nothing opened`, {
      offset: start,
    });
  }
  return section;
}

async function* readCommand(
  cursor: Cursor,
  state: ReaderState,
  start: number,
  depth: number,
  end: number | undefined,
): AsyncGenerator<StreamEvent> {
  const { command, length } = commandHeader.decode(cursor);
  const level = cursor.enter(`command ${commandName(command)}`);
  await cursor.fill(length);
  const payload = cursor.take(length).slice();
  yield { kind: 'command', command, payload, span: span(start, cursor.position) };
  const view = new DataView(payload.buffer);
  const expected = commandFacts[command]?.lengths;
  if (command === migCommand.postcopyAdvise && length === 16) state.adviseSummary = view.getBigUint64(0);
  if (command === migCommand.packaged) {
    if (length !== 4)
      throw cursor.fail('bad-command', `PACKAGED with ${length} bytes of payload, not ${expected?.join(' or ')}`, {
        offset: start,
      });
    yield* readPackage(cursor, state, view.getUint32(0), depth, end);
  }
  cursor.leave(level);
}

/** The blob after a PACKAGED command: items without a header, and any bytes after an EOF byte. */
async function* readPackage(
  cursor: Cursor,
  state: ReaderState,
  length: number,
  depth: number,
  outer: number | undefined,
): AsyncGenerator<StreamEvent> {
  const start = cursor.position;
  const end = start + length;
  if (depth >= MAX_PACKAGED_DEPTH)
    throw cursor.fail('limit-exceeded', `PACKAGED nested deeper than ${MAX_PACKAGED_DEPTH}`);
  if (outer !== undefined && end > outer)
    throw cursor.fail('bad-command', 'PACKAGED blob is longer than the one around it');
  yield { kind: 'package-open', length, span: span(start, start) };
  yield* readItems(cursor, state, depth + 1, end);
  yield* readRest(cursor, end);
  yield { kind: 'package-close', span: span(end, end) };
}

async function* readTail(cursor: Cursor, state: ReaderState): AsyncGenerator<StreamEvent> {
  await cursor.fill(5);
  const start = cursor.position;
  if (cursor.peek() === sectionType.vmdescription) {
    const depth = cursor.enter('vmdescription');
    cursor.u8();
    const length = cursor.u32();
    const { size } = cursor.source;
    if (size !== undefined && cursor.position + length > size) {
      throw cursor.fail('truncated', `vmdescription needs ${length} bytes, ${size - cursor.position} remain`, {
        offset: size,
        hint: CUT,
      });
    }
    if (length > MAX_VMDESCRIPTION)
      throw cursor.fail('limit-exceeded', `vmdescription of ${length} bytes`, { offset: start + 1 });
    const json = new Uint8Array(length);
    for (let at = 0; at < length;) {
      await cursor.fill(1);
      if (cursor.available === 0) throw cursor.truncated(length - at);
      const part = cursor.take(Math.min(cursor.available, length - at));
      json.set(part, at);
      at += part.length;
    }
    cursor.leave(depth);
    yield* state.disagreements;
    yield { kind: 'vmdescription', json, span: span(start, cursor.position) };
    // Where it was found before reading, it is already parsed.
    if (state.lengths === undefined && state.options.port.lengths(json) === undefined) {
      const here = span(cursor.position, cursor.position);
      yield {
        kind: 'warning',
        code: 'bad-vmdescription',
        message: 'the vmdescription is not the JSON that QEMU writes',
        path: [],
        span: here,
      };
    }
  } else {
    const message =
      cursor.available === 0
        ? 'no vmdescription: the stream ends at its EOF byte'
        : 'no vmdescription behind the EOF byte';
    yield { kind: 'warning', code: 'no-vmdescription', message, path: [], span: span(start, start) };
  }
  yield* readBehind(cursor, state);
}

/** One look behind the end of the stream, and no more: QEMU reads nothing there, and a volume may be terabytes long. */
async function* readBehind(cursor: Cursor, state: ReaderState): AsyncGenerator<StreamEvent> {
  const { position, source } = cursor;
  await cursor.fill(MAX_LOOK);
  if (cursor.available === 0) return;
  const what = whatFollows(cursor, state.sections);
  const whole = cursor.available <= MAX_LOOK && cursor.atEnd;
  const bytes = cursor.take(Math.min(cursor.available, MAX_LOOK));
  const length = source.size !== undefined ? source.size - position : whole ? bytes.length : undefined;
  const here = span(position, position + (length ?? bytes.length));
  const much = length === undefined ? `more than ${bytes.length} bytes follow` : `${length} bytes follow`;
  yield {
    kind: 'warning',
    code: what === 'sections' ? 'eof-in-the-middle' : 'trailing-data',
    message: `${much} the end of the stream: ${followWords[what]}`,
    path: [],
    span: span(position, position),
  };
  yield { kind: 'trailing', bytes, more: length !== bytes.length, span: here };
}

/** What is left of a PACKAGED blob. */
async function* readRest(cursor: Cursor, end: number): AsyncGenerator<StreamEvent> {
  while (cursor.position < end) {
    await cursor.fill(1);
    const start = cursor.position;
    if (cursor.available === 0) throw cursor.truncated(end - start, 'PACKAGED blob');
    const bytes = cursor.take(Math.min(cursor.available, end - start));
    yield { kind: 'trailing', bytes, span: span(start, cursor.position) };
  }
}
