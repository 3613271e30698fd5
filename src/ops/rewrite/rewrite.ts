// A stream through edits into another: one pass, or two when an edit needs what comes later. Bytes that no edit touched
// are copied as they stand; the sink is committed only when all is written and every edit has matched.

import { Refused } from '../../base/refused.js';
import { MigrationStreamError } from '../../base/errors.js';
import { abortable } from '../../bytes/abort.js';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { hex } from '../../bytes/window.js';
import { quote } from '../../base/quote.js';
import { commandName } from '../../wire/command.js';
import { MAX_DIFFERENCES, MAX_HELD } from '../../limits.js';
import type { StreamEvent } from '../../stream/event.js';
import { LastVersions } from '../../ram/last-versions.js';
import { noInflate, type Inflate } from '../../ram/page-decoder.js';
import type { Layouts } from '../devices/stream-device.js';
import { inspect, type Inspection } from '../inspect.js';
import { openStream, type MigrationStream, type OpenOptions } from '../../open/open-stream.js';
import { blockEdits } from './blocks.js';
import { compactEdits } from './compact.js';
import { configurationEdits } from './configuration.js';
import { checkContradictions } from './contradictions.js';
import { deviceEdits } from './devices.js';
import type { Difference, Edit } from './edit.js';
import { externalizeEdits, inlineEdits } from './memory.js';
import { StreamOutput } from './output.js';
import { commandEdits, descriptionEdits, sectionEdits } from './sections.js';
import { editsOf, type CompactInput, type Plan, type Transform } from './transform.js';

export interface RewriteOptions extends OpenOptions {
  /** Write also what no QEMU would load. */
  readonly force?: boolean;
  /** Layouts for edits of devices that the stream itself does not describe. */
  readonly layouts?: Layouts | undefined;
  /** How much further in than before the stream will begin in its file, bytes; mapped-ram offsets follow. Default 0. */
  readonly shift?: number | undefined;
  /** zlib, for pages of the old `compress` capability; only `externalize` and `compact` need it. */
  readonly inflate?: Inflate | undefined;
}

export interface RewriteResult {
  /** In the order of the input; at most MAX_DIFFERENCES are kept. */
  readonly differences: readonly Difference[];
  /** All changes, kept or not. */
  readonly changes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that were copied without being decoded and encoded. */
  readonly bytesCopied: number;
}

/**
 * Applies `edits` to `source`. Closes neither; aborts the sink on failure.
 * @throws Refused, no-match, contradiction; MigrationStreamError as openStream and the sink throw
 */
export async function rewrite(
  source: ByteSource,
  sink: ByteSink,
  edits: readonly Edit[],
  options: RewriteOptions = {},
): Promise<RewriteResult> {
  const memories = editsOf({ edits }, 'externalize').map((edit) => edit.memory);
  try {
    checkContradictions(edits);
    const first = needsTwoPasses(edits) ? await firstPass(source, edits, options) : {};
    const result = await run(await openStream(source, options), sink, edits, first, options);
    for (const memory of memories) await memory.commit();
    await sink.commit();
    return result;
  } catch (error) {
    await sink.abort();
    for (const memory of memories) await memory.abort();
    throw error;
  }
}

async function run(
  stream: MigrationStream,
  sink: ByteSink,
  edits: readonly Edit[],
  first: FirstPass,
  { force = false, layouts, shift, inflate = noInflate, signal }: RewriteOptions,
): Promise<RewriteResult> {
  const differences: Difference[] = [];
  const matched = new Set<Edit>();
  let changes = 0;
  const plan: Plan = {
    edits,
    force,
    described: stream.source.seekable ? stream.description !== undefined : undefined,
    layouts,
    inflate,
    evidence: first.evidence,
    compact: first.compact,
    source: { configuration: undefined, sections: [] },
    devices: [],
    note(difference) {
      changes += 1;
      if (differences.length < MAX_DIFFERENCES) differences.push(difference);
    },
    matched: (edit) => void matched.add(edit),
  };
  const output = new StreamOutput(sink, edits.some((edit) => inBlobs.has(edit.edit)) ? MAX_HELD : 0, shift);
  output.onMoved = (event, before, after) =>
    plan.note({
      edit: 'agreement',
      span: event.span,
      what: 'bitmap_offset',
      before: hex(before),
      after: hex(after),
      why: 'what stands before it has another length; the pages stay where they are',
    });
  let last: StreamEvent | undefined;
  let copied = 0;
  let depth = 0;
  async function* watch(): AsyncGenerator<StreamEvent> {
    for await (const event of stream.events()) {
      last = event;
      if (event.kind === 'configuration') plan.source.configuration = event.configuration;
      if (event.kind === 'package-open') depth += 1;
      if (event.kind === 'package-close') depth -= 1;
      if (event.kind === 'trailing' && depth === 0) {
        const { start, end } = event.span;
        plan.note({
          edit: 'agreement',
          span: event.span,
          what: 'bytes behind the end of the stream',
          before:
            event.more === true && end - start <= event.bytes.length ? `more than ${end - start}` : `${end - start}`,
          after: 'none',
          why: 'they belong to no stream, and no QEMU reads them',
        });
        continue;
      }
      if (event.kind === 'section-open' && (event.type === 'start' || event.type === 'full'))
        plan.source.sections.push(event.section);
      yield event;
    }
  }
  for await (const event of chain(watch(), transformsOf(plan))) {
    signal?.throwIfAborted();
    // The very object that was read: nobody touched it, so its bytes go through as they are.
    const raw = event === last ? stream.raw(event.span) : undefined;
    copied += raw?.length ?? 0;
    await output.put(event, raw);
  }
  const missed = edits.find((edit) => !matched.has(edit));
  if (missed !== undefined) throw new Refused('no-match', `${describeEdit(missed)} matches nothing in this stream`);
  await output.flush();
  differences.sort((a, b) => a.span.start - b.span.start);
  return { differences, changes, bytesRead: stream.position, bytesWritten: output.position, bytesCopied: copied };
}

/** Edits that may change what stands in a PACKAGED blob. */
const inBlobs: ReadonlySet<string> = new Set([
  'drop-section',
  'rename-section',
  'drop-command',
  'footers',
  'insert-bytes',
  'append-bytes',
  'delete-bytes',
  'drop-subsection',
]);

/** The order is fixed, so that every edit speaks of the input's own names. */
function transformsOf(plan: Plan): Transform[] {
  return [
    configurationEdits,
    deviceEdits,
    sectionEdits,
    commandEdits,
    compactEdits,
    externalizeEdits,
    inlineEdits,
    blockEdits,
    descriptionEdits,
  ]
    .map((make) => make(plan))
    .filter((transform) => transform !== undefined);
}

function chain(events: AsyncIterable<StreamEvent>, transforms: readonly Transform[]): AsyncIterable<StreamEvent> {
  return transforms.reduce((through, transform) => transform(through), events);
}

interface FirstPass {
  readonly evidence?: Inspection;
  readonly compact?: CompactInput;
}

/** Going to 4.0 needs to know which blocks have pages, inlining which have none, compacting which are the newest. */
function needsTwoPasses(edits: readonly Edit[]): boolean {
  return edits.some(
    (edit) =>
      (edit.edit === 'to-dialect' && edit.dialect === '4.0') || ['inline', 'ignored', 'compact'].includes(edit.edit),
  );
}

async function firstPass(source: ByteSource, edits: readonly Edit[], options: RewriteOptions): Promise<FirstPass> {
  const compacts = edits.some((edit) => edit.edit === 'compact');
  if (!source.seekable) {
    const told =
      edits.some((edit) => edit.edit === 'ignored') ||
      !edits.some((edit) => edit.edit === 'to-dialect' && edit.dialect === '4.0');
    if (told && !compacts) return {};
    throw new MigrationStreamError({
      code: 'not-seekable',
      message: `${compacts ? 'which version of a page is the newest' : 'which blocks were ignored'} shows only at the end of the stream, and a pipe cannot be read twice`,
      hint: { code: compacts ? 'spool' : 'spool-or-ignored' },
    });
  }
  const versions = compacts ? new LastVersions() : undefined;
  const stream = await openStream(source, { ...options, bodies: 'none' });
  const evidence = await inspect(stream, (event) => {
    if (event.kind === 'pages') versions?.add(event.runs);
  });
  if (evidence.error !== undefined) throw evidence.error;
  return versions === undefined
    ? { evidence }
    : { evidence, compact: { versions, source: abortable(source, options.signal) } };
}

/** The name of the edit, and its subject. */
function describeEdit(edit: Edit): string {
  if (edit.edit === 'footers') return 'section-footers';
  const { path, block, idstr, name, capability, command } = edit as { readonly [key: string]: unknown };
  const subject =
    path ?? block ?? idstr ?? name ?? capability ?? (typeof command === 'number' ? commandName(command) : undefined);
  return typeof subject === 'string' ? `${edit.edit} ${quote(subject).slice(1, -1)}` : edit.edit;
}
