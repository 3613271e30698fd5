// Which subsections a table knows, and how they are laid out: as the destination's own save shows, else as its -dump-
// vmstate and the stream's description say together.

import { knowsSubsection } from '../../release/subsections.js';
import { plainField, subsectionHeaderSize, vmsdSize, type VmsdSchema } from '../../vmstate/index.js';
import type { Incoming } from '../outer/incoming.js';
import { schemaOfKnown } from './known-schema.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { rulesOf } from './rules.js';
import type { LocalTable, TableContext } from './table-context.js';
import { checkVersion, unknownLayout } from './vmstate-errors.js';

/**
 * The layout of a subsection that comes in that version; undefined: the table has none of that name. Refuses a version.
 */
export type FindSubsection = (name: string) => ((versionId: number) => LocalTable) | undefined;

/** `start`: where in the destination's own bytes the subsections begin. */
export function subsectionFinder(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  start: number,
): FindSubsection {
  const { schema, known, localBytes } = context.table;
  return (name) => {
    const dumped = known?.subsections.find((candidate) => candidate.name === name);
    let at = start;
    for (const part of schema.subsections) {
      const size = vmsdSize(part) ?? Number.NaN;
      at += subsectionHeaderSize(part.name);
      if (part.name === name) {
        const table = { schema: part, known: dumped, localBytes: localBytes?.subarray(at, at + size) };
        return () => table;
      }
      at += size;
    }
    if (dumped !== undefined) {
      return (version) => {
        checkVersion(incoming, file, name, version, dumped.versionId, dumped.minimumVersionId);
        const layout = incoming.sentTable(name) ?? schemaOfKnown(dumped);
        if (layout === undefined) throw unknownLayout(incoming, file, name, '');
        return { schema: layout, known: dumped, localBytes: undefined };
      };
    }
    const { architecture, version: release } = incoming.destination;
    const inRelease =
      known === undefined ? knowsSubsection(architecture, { since: release, until: release }, name) : false;
    if (inRelease === true) {
      return () => {
        const layout = incoming.sentTable(name) ?? numbers(name, rulesOf(schema.name, architecture)?.sizes?.[name]);
        if (layout === undefined) throw unknownLayout(incoming, file, name, '');
        return { schema: layout, known: undefined, localBytes: undefined };
      };
    }
    if (known === undefined && inRelease === undefined)
      incoming.unknowns.add(
        `whether the destination knows the subsection ${name}: ${schema.name} is not in its -dump-vmstate`,
      );
    return undefined;
  };
}

function numbers(name: string, size: number | undefined): VmsdSchema | undefined {
  if (size === undefined) return undefined;
  return { name, version: 1, fields: [plainField('', 'buffer', size)], subsections: [] };
}
