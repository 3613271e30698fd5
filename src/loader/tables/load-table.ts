// One table of fields as the destination loads it, with what it nests, and its subsections. QEMU: vmstate_load_state(),
// migration/vmstate.c.

import {
  fieldSize,
  plainField,
  type DumpField,
  type DumpTable,
  type FieldSchema,
  type VmsdSchema,
} from '../../vmstate/index.js';
import { errnoNumber } from '../../release/messages/index.js';
import type { Incoming } from '../outer/incoming.js';
import { loadValue, numbersOf } from './load-value.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { Refusal } from '../refusal.js';
import { isCpuTable, rulesOf } from './rules.js';
import { subsectionFinder } from './table-subsections.js';
import { loadSubsections } from './subsections.js';
import type { ArrayValues, LocalTable, TableContext } from './table-context.js';
import type { TableRules } from './table-rules.js';
import { checkVersion, elementFailed, fieldDone, unknownLayout } from './vmstate-errors.js';

export async function loadTable(
  incoming: Incoming,
  file: QemuFile,
  table: LocalTable,
  versionId: number,
  device: string,
): Promise<TableContext> {
  const { schema, known } = table;
  const { architecture, handlersKnown } = incoming.destination;
  const rules = rulesOf(schema.name, architecture);
  // -dump-vmstate lists no CPU, and a destination that nobody asked is taken to have the stream's own table.
  const unsure = !handlersKnown || versionId < schema.version;
  if (isCpuTable(schema.name) && known === undefined && architecture !== 'x86' && unsure) {
    incoming.unknowns.add(
      `which versions of the table ${schema.name} the destination reads: that is known of x86's CPUs only`,
    );
    throw incoming.ends(file, 'unknown', 'layout-unknown', { what: `a CPU that is not of x86 (table ${schema.name})` });
  }
  const context: TableContext = {
    table,
    device,
    versionId,
    values: new Map(),
    localValues: new Map(),
    bytes: new Map(),
    lists: new Map(),
    parts: new Map(),
  };
  checkVersion(
    incoming,
    file,
    schema.name,
    versionId,
    known?.versionId ?? schema.version,
    known?.minimumVersionId ?? minimumOf(schema, rules),
  );
  const end = await loadFields(incoming, file, context, rules);
  const find = subsectionFinder(incoming, file, context, end);
  await loadSubsections(incoming, file, schema.name, (name) => {
    const layoutOf = find(name);
    if (layoutOf === undefined) return undefined;
    return async (version) => {
      context.parts.set(name, await loadTable(incoming, file, layoutOf(version), version, device));
    };
  });
  if (rules?.postLoad !== undefined) afterwards(incoming, file, context, rules.postLoad);
  return context;
}

/**
 * Where nothing says: every table of QEMU's that has a version has 1 for its oldest, with the exceptions of rules.ts.
 */
function minimumOf(schema: VmsdSchema, rules: TableRules | undefined): number {
  return rules?.minimumVersionId ?? Math.min(schema.version, 1);
}

/** Answers where the destination's own bytes of the subsections begin. */
async function loadFields(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  rules: TableRules | undefined,
): Promise<number> {
  const { schema, known, localBytes: bytes } = context.table;
  const { fields } = schema;
  let at = 0;
  let next = 0;
  for (let i = 0; i < fields.length;) {
    const field = fields[i]!;
    // Entries of one name are one field of the source's table: an array.
    let end = i + 1;
    while (end < fields.length && fields[end]!.name === field.name) end += 1;
    const found = known === undefined ? undefined : findKnown(known, field.name, next);
    if (found !== undefined) next = found.index + 1;
    const run = fields.slice(i, end);
    const size = run.reduce((sum, part) => sum + (fieldSize(part) ?? Number.NaN), 0);
    if (Number.isNaN(size)) throw unknownLayout(incoming, file, schema.name, field.name);
    const localBytes = bytes?.subarray(at, at + size);
    at += size;
    i = end;
    const name = found?.field.name ?? sourceName(field);
    if (isRead(found?.field, rules?.since?.[field.name], context.versionId)) {
      const wanted = rules?.counts?.[name]?.(context, incoming);
      const listed = rules?.lists?.includes(name) === true;
      const list = listed ? { sent: [], ours: numbersOf(localBytes, field.size!) } : undefined;
      if (list !== undefined) context.lists.set(name, list);
      await loadField(incoming, file, context, { run, known: found?.field, localBytes, name, wanted, list });
    }
    await conditional(incoming, file, context, name, fields[i]?.name, rules);
  }
  return at;
}

/** QEMU: vmstate_field_exists(). Where a test function decides, what the destination's own save shows stands. */
function isRead(known: DumpField | undefined, since: number | undefined, versionId: number): boolean {
  if (known === undefined) return since === undefined || since <= versionId;
  return known.fieldExists || known.versionId <= versionId;
}

/** Fields that the destination's own save may lack, and checks that stand between fields. */
async function conditional(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  after: string,
  following: string | undefined,
  rules: TableRules | undefined,
): Promise<void> {
  const extra = rules?.conditional?.after === after ? rules.conditional.field(context, incoming) : undefined;
  if (extra !== undefined && following !== extra.name) {
    const field = plainField(extra.name, 'buffer', extra.size);
    await loadField(incoming, file, context, {
      run: [field],
      known: undefined,
      localBytes: undefined,
      name: extra.name,
      wanted: 1,
      list: undefined,
    });
  }
  const check = rules?.validate;
  if (check?.after.includes(after) === true && !check.valid(context, after)) {
    throw incoming.refuse(file, 'input-validation', {
      vmsd: context.table.schema.name,
      field: check.name(after),
      version: context.table.schema.version,
    });
  }
}

/** QEMU: the table's post_load hook. */
function afterwards(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  postLoad: NonNullable<TableRules['postLoad']>,
): void {
  const errno = postLoad(incoming, file, context)?.errno;
  if (errno === undefined) return;
  const { schema, known } = context.table;
  const refusal = new Refusal(incoming.behaves('chained-errors') ? 'EINVAL' : errno);
  const minimum = known?.minimumVersionId ?? minimumOf(schema, rulesOf(schema.name, incoming.destination.architecture));
  incoming.around(refusal, 'post-load-ret', {
    vmsd: schema.name,
    version: schema.version,
    minimum,
    errno: errnoNumber(errno),
  });
  throw refusal;
}

interface FieldToLoad {
  readonly run: readonly FieldSchema[];
  readonly known: DumpField | undefined;
  readonly localBytes: Uint8Array | undefined;
  readonly name: string;
  /** Elements that the stream says there are, where a rule knows. */
  readonly wanted: number | undefined;
  /** Where the elements are kept, if a rule looks at them. */
  readonly list: ArrayValues | undefined;
}

/** Elements kept of the stream's array. */
const MAX_LISTED = 65_536;

async function loadField(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  { run, known, localBytes, name, wanted, list }: FieldToLoad,
): Promise<void> {
  const depth = incoming.path.push(name);
  let at = 0;
  let done = 0;
  const keep = (): void => {
    if (list !== undefined && list.sent.length < MAX_LISTED) list.sent.push(BigInt(context.values.get(name) ?? 0));
  };
  for (const field of run) {
    const size = field.size!;
    const count = field.count ?? 1;
    for (let i = 0; i < count; i += 1) {
      if (wanted !== undefined && done >= wanted) break;
      await element(incoming, file, context, { field, known, localBytes: localBytes?.subarray(at, at + size), name });
      keep();
      at += size;
      done += 1;
    }
  }
  const field = run.at(-1)!;
  for (; wanted !== undefined && done < wanted && file.error === undefined; done += 1) {
    await element(incoming, file, context, { field, known, localBytes: undefined, name });
    keep();
  }
  incoming.path.length = depth - 1;
}

interface ElementToLoad {
  readonly field: FieldSchema;
  readonly known: DumpField | undefined;
  readonly localBytes: Uint8Array | undefined;
  readonly name: string;
}

async function element(incoming: Incoming, file: QemuFile, context: TableContext, given: ElementToLoad): Promise<void> {
  const table = context.table.schema.name;
  const { field, known, localBytes, name } = given;
  try {
    const nested = nestedTable(field, known);
    if (nested === undefined) {
      await loadValue(incoming, file, { ...given, context });
    } else {
      const inner = await loadTable(
        incoming,
        file,
        { ...nested, localBytes },
        versionOf(field, known, nested.schema),
        context.device,
      );
      context.parts.set(name, inner);
    }
  } catch (error) {
    if (error instanceof Refusal) elementFailed(incoming, error, table, field.type, name);
    throw error;
  }
  fieldDone(incoming, file, table, name);
}

function nestedTable(
  field: FieldSchema,
  known: DumpField | undefined,
): { readonly schema: VmsdSchema; readonly known: DumpTable | undefined } | undefined {
  if (field.struct !== undefined && field.struct.name !== '') return { schema: field.struct, known: known?.table };
  if (field.inline.length === 1 && (field.type === 'tmp' || field.type === 'vstruct'))
    return { schema: field.inline[0]!, known: known?.table };
  return undefined;
}

/** A struct is always of the local version; a temporary one of its field's. */
function versionOf(field: FieldSchema, known: DumpField | undefined, schema: VmsdSchema): number {
  return field.type === 'tmp' && known !== undefined ? known.versionId : schema.version;
}

/** Fields of one name get a number in the description; numbers (`env.cr[0]`) have such names of their own. */
function sourceName({ name, type }: FieldSchema): string {
  return /^(u?int\d+|bool|timer|CPU_Double_U|float64)/.test(type) ? name : name.replace(/\[\d+\]$/, '');
}

function findKnown(
  table: DumpTable,
  name: string,
  from: number,
): { readonly field: DumpField; readonly index: number } | undefined {
  const base = name.replace(/\[\d+\]$/, '');
  for (let index = from; index < table.fields.length; index += 1) {
    const field = table.fields[index]!;
    if (field.name === name || field.name === base) return { field, index };
  }
  return undefined;
}
