// What two streams state about the VM and about themselves: machine type, uuid, capabilities, layout.

import { hexDigits } from '../../base/bytes.js';
import { capabilitiesOf, type Configuration } from '../../wire/configuration.js';
import type { StatementDifference } from './result.js';
import type { Side } from './side.js';

/** What belongs to the VM. */
export function compareConfiguration(a: Side, b: Side): StatementDifference[] {
  return differing(vmStatements(a), vmStatements(b));
}

/** How the same content is written: what another dialect or container of the same VM changes. */
export function compareForm(a: Side, b: Side): StatementDifference[] {
  return differing(formStatements(a), formStatements(b));
}

function vmStatements(side: Side): Map<string, string> {
  const said = new Map<string, string>();
  if (side.configuration !== undefined) said.set('machine type', side.configuration.machine);
  for (const part of side.configuration?.subsections ?? []) {
    if (part.kind === 'uuid') said.set('uuid', hexDigits(part.uuid));
    if (part.kind === 'unknown') said.set(`configuration subsection ${part.name}`, hexDigits(part.bytes));
  }
  said.set('target page size', String(side.pageSize));
  for (const { section, bytes, sum } of side.iterated.values())
    said.set(`section ${section.idstr}/${section.instanceId}`, `${bytes} bytes, checksum ${(sum >>> 0).toString(16)}`);
  return said;
}

function formStatements({ configuration, layout, footers, described }: Side): Map<string, string> {
  const said = new Map<string, string>([
    ['configuration section', configuration === undefined ? 'no' : 'yes'],
    ['layout of the block list', layout?.name ?? 'no block list'],
    ['footers of sections', footers ? 'yes' : 'no'],
    ['vmdescription', described ? 'yes' : 'no'],
  ]);
  for (const name of capabilities(configuration)) said.set(`capability ${name}`, 'on');
  return said;
}

function capabilities(configuration: Configuration | undefined): readonly string[] {
  return capabilitiesOf(configuration) ?? [];
}

function differing(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): StatementDifference[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((what) => ({ what, a: a.get(what), b: b.get(what) }))
    .filter((statement) => statement.a !== statement.b);
}
