// The edits of `mstream rewrite` as options, and options as edits. Names and values are split and checked here; what
// they mean is ops/rewrite's business.

import { resolve } from 'node:path';
import { memoryFile, openMemory } from '../bytes/node/memory-file.js';
import type { Edit } from '../ops/rewrite/edit.js';
import { commandFacts } from '../wire/command.js';
import type { Context } from './command.js';
import { choice, flag, inGroup, texts, type ValuesOf } from './option.js';
import { byteCount } from './options.js';
import { UsageError } from './usage-error.js';

type Many = readonly string[] | undefined;

const RAM = 'RAM blocks:';
const CONFIGURATION = 'Configuration:';
const SECTIONS = 'Sections:';
const DEVICES = 'Devices (PATH: DEVICE[/INSTANCE].path.to.field, * for anything):';

/** In the groups of the help. */
export const editOptions = {
  toDialect: inGroup(RAM, choice(['4.0', '4.1', 'plain'], 'Another layout of the block list, capability included')),
  compact: inGroup(RAM, flag('Only the newest version of each page')),
  ignored: inGroup(RAM, texts('BLOCK=yes|no: the ignored byte of QEMU 4.0')),
  setAddress: inGroup(RAM, texts('BLOCK=0x…: the address that x-ignore-shared lists')),
  renameBlock: inGroup(RAM, texts('BLOCK=NEW, in the list and in every page record')),
  dropBlock: inGroup(RAM, texts('BLOCK: neither listed nor sent')),
  resizeBlock: inGroup(RAM, texts('BLOCK=SIZE, e.g. 64K')),
  externalize: inGroup(RAM, texts('BLOCK=FILE: its pages into a memory file; a save becomes a template')),
  inline: inGroup(RAM, texts('BLOCK=FILE: its pages from a memory file; a template becomes a save')),
  machine: inGroup(CONFIGURATION, texts('NAME of the machine type')),
  setCapability: inGroup(CONFIGURATION, texts('NAME into the list')),
  clearCapability: inGroup(CONFIGURATION, texts('NAME out of the list')),
  uuid: inGroup(CONFIGURATION, texts('UUID, or none')),
  targetPageBits: inGroup(CONFIGURATION, texts('10 to 16')),
  dropSection: inGroup(SECTIONS, texts('IDSTR[/INSTANCE]')),
  renameSection: inGroup(SECTIONS, texts('IDSTR[/INSTANCE]=NEW')),
  dropCommand: inGroup(SECTIONS, texts('NAME or number, e.g. SWITCHOVER_START')),
  set: inGroup(DEVICES, texts('PATH=VALUE of a field')),
  setBytes: inGroup(DEVICES, texts('PATH=HEX, as many bytes as there are')),
  insertBytes: inGroup(DEVICES, texts('PATH=HEX in front of a field')),
  appendBytes: inGroup(DEVICES, texts('PATH=HEX behind a field')),
  deleteBytes: inGroup(DEVICES, texts('PATH: a field, out of the stream')),
  dropSubsection: inGroup(DEVICES, texts('NAME, e.g. pckbd/extended_state, or its PATH')),
  sectionFooters: inGroup(SECTIONS, choice(['on', 'off'], 'Footers behind sections')),
  dropVmdescription: inGroup(SECTIONS, flag('Remove the JSON at the end')),
};
export type EditOptions = ValuesOf<typeof editOptions>;

/** The edits; memory files that are read are closed when the command ends. @throws UsageError */
export async function editsFrom(options: EditOptions, context: Context, force: boolean): Promise<Edit[]> {
  const edits: Edit[] = [];
  const path = (file: string): string => resolve(context.host.cwd, file);
  if (options.toDialect !== undefined) edits.push({ edit: 'to-dialect', dialect: options.toDialect });
  for (const [block, value] of pairs('ignored', options.ignored))
    edits.push({ edit: 'ignored', block, ignored: yesNo('ignored', value) });
  for (const [block, value] of pairs('set-address', options.setAddress))
    edits.push({ edit: 'set-address', block, address: u64('set-address', value) });
  for (const [block, to] of pairs('rename-block', options.renameBlock)) edits.push({ edit: 'rename-block', block, to });
  for (const block of options.dropBlock ?? []) edits.push({ edit: 'drop-block', block });
  for (const [block, size] of pairs('resize-block', options.resizeBlock))
    edits.push({ edit: 'resize-block', block, length: byteCount('resize-block', size) });
  for (const [block, file] of pairs('externalize', options.externalize))
    edits.push({ edit: 'externalize', block, memory: { ...memoryFile(path(file), force), label: file } });
  for (const [block, file] of pairs('inline', options.inline)) {
    const memory = await openMemory(path(file));
    context.defer(() => memory.close());
    edits.push({ edit: 'inline', block, memory: { ...memory, label: file } });
  }
  for (const name of options.machine ?? []) edits.push({ edit: 'machine', name });
  for (const capability of options.setCapability ?? []) edits.push({ edit: 'set-capability', capability });
  for (const capability of options.clearCapability ?? []) edits.push({ edit: 'clear-capability', capability });
  for (const text of options.uuid ?? []) edits.push({ edit: 'uuid', uuid: uuid(text) });
  for (const text of options.targetPageBits ?? [])
    edits.push({ edit: 'target-page-bits', bits: smallNumber('target-page-bits', text) });
  for (const text of options.dropSection ?? []) edits.push({ edit: 'drop-section', ...sectionName(text) });
  for (const [section, to] of pairs('rename-section', options.renameSection))
    edits.push({ edit: 'rename-section', ...sectionName(section), to });
  for (const text of options.dropCommand ?? []) edits.push({ edit: 'drop-command', command: commandNumber(text) });
  for (const [path, value] of pairs('set', options.set)) edits.push({ edit: 'set', path, value });
  for (const edit of ['set-bytes', 'insert-bytes', 'append-bytes'] as const) {
    const given = {
      'set-bytes': options.setBytes,
      'insert-bytes': options.insertBytes,
      'append-bytes': options.appendBytes,
    }[edit];
    for (const [path, digits] of pairs(edit, given)) edits.push({ edit, path, bytes: hexBytes(edit, digits) });
  }
  for (const path of options.deleteBytes ?? []) edits.push({ edit: 'delete-bytes', path });
  for (const path of options.dropSubsection ?? []) edits.push({ edit: 'drop-subsection', path });
  if (options.sectionFooters !== undefined) edits.push({ edit: 'footers', footers: options.sectionFooters === 'on' });
  if (options.dropVmdescription === true) edits.push({ edit: 'drop-vmdescription' });
  if (options.compact === true) edits.push({ edit: 'compact' });
  return edits;
}

function pairs(name: string, values: Many): [string, string][] {
  return (values ?? []).map((value) => {
    const equals = value.indexOf('=');
    if (equals < 1 || equals === value.length - 1) throw new UsageError(`--${name} ${value}: not NAME=VALUE`);
    return [value.slice(0, equals), value.slice(equals + 1)];
  });
}

function yesNo(name: string, value: string): boolean {
  if (['yes', 'on', '1', 'true'].includes(value)) return true;
  if (['no', 'off', '0', 'false'].includes(value)) return false;
  throw new UsageError(`--${name} …=${value}: neither yes nor no`);
}

function u64(name: string, text: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text) || BigInt(text) >= 1n << 64n)
    throw new UsageError(`--${name} …=${text}: not a 64-bit address`);
  return BigInt(text);
}

function smallNumber(name: string, text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new UsageError(`--${name} ${text}: not a number`);
  return Number(text);
}

function hexBytes(name: string, text: string): Uint8Array {
  if (!/^([0-9a-f]{2})+$/i.test(text)) throw new UsageError(`--${name} …=${text}: not bytes in hex`);
  return Buffer.from(text, 'hex');
}

function uuid(text: string): Uint8Array | undefined {
  if (text === 'none') return undefined;
  const digits = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(digits))
    throw new UsageError(`--uuid ${text}: not a UUID`, '8-4-4-4-12 hex digits, or none');
  return Buffer.from(digits, 'hex');
}

/** An idstr may hold slashes: only digits behind the last one are an instance. */
function sectionName(text: string): { idstr: string; instanceId?: number } {
  const match = /^(.+)\/(\d+)$/.exec(text);
  return match === null ? { idstr: text } : { idstr: match[1]!, instanceId: Number(match[2]) };
}

function commandNumber(text: string): number {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const known = Object.entries(commandFacts).find(([, facts]) => facts.name === wanted);
  if (known !== undefined) return Number(known[0]);
  if (/^\d+$/.test(text) && Number(text) <= 0xffff) return Number(text);
  throw new UsageError(
    `--drop-command ${text}: no such command`,
    Object.values(commandFacts)
      .map((facts) => facts.name)
      .join(', '),
  );
}
