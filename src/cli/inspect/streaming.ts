// The reports of inspect that come out while the stream is read: events as JSON lines, page runs, a hexdump. Nothing
// that grows with the stream is kept.

import { MigrationStreamError } from '../../base/errors.js';
import { spanLength, type Span } from '../../base/span.js';
import type { MigrationStream } from '../../open/open-stream.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { HexParts, hexLines } from '../../report/inspect/hex.js';
import { endLine, eventLines, inputLine } from '../../report/inspect/jsonl.js';
import { PageLines } from '../../report/inspect/page-lines.js';
import { toJson } from '../../report/printable.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Context } from '../command.js';
import { LineWriter } from '../line-writer.js';
import { openState, type StateOptions } from '../open-state.js';
import { UsageError } from '../usage-error.js';
import { tapSource, type Tap } from './tap.js';

/** What --hex holds in memory at most. */
const MAX_HEX = 1024 * 1024;

/** The error that ended the stream, after everything before it went to `see`. False: enough seen. */
async function readAll(
  context: Context,
  stream: MigrationStream,
  see: (event: StreamEvent) => Promise<boolean | void>,
): Promise<MigrationStreamError | undefined> {
  const events = stream.events();
  for (;;) {
    let next: IteratorResult<StreamEvent>;
    try {
      next = await events.next();
    } catch (error) {
      if (error instanceof MigrationStreamError) return context.explain(error);
      throw error;
    }
    if (next.done === true || (await see(next.value)) === false) return undefined;
  }
}

/** --jsonl */
export async function inspectJsonl(
  context: Context,
  state: string,
  options: StateOptions,
): Promise<MigrationStreamError | undefined> {
  const { stream, source } = await openState({ ...context, progress: quietOnTerminal(context) }, state, {
    ...options,
    bodies: 'none',
  });
  const lines = new LineWriter(context.host.stdout);
  let blocks: RamBlockEntry[] = [];
  await lines.line(toJson(inputLine(source.label, source.size, context.host.version)));
  const error = await readAll(context, stream, async (event) => {
    if (event.kind === 'ram-blocks') blocks = event.continues ? [...blocks, ...event.blocks] : [...event.blocks];
    for (const line of eventLines(event, blocks)) {
      const full = lines.line(toJson(line));
      if (full !== undefined) await full;
    }
  });
  await lines.line(toJson(endLine(error, stream.position)));
  await lines.flush();
  return error;
}

/** --pages. */
export async function inspectPages(
  context: Context,
  state: string,
  options: StateOptions,
): Promise<MigrationStreamError | undefined> {
  const { stream } = await openState({ ...context, progress: quietOnTerminal(context) }, state, {
    ...options,
    bodies: 'none',
  });
  const lines = new LineWriter(context.host.stdout);
  const pages = new PageLines(context.out);
  const error = await readAll(context, stream, async (event) => {
    if (event.kind === 'ram-blocks' && !event.continues) await lines.line(pages.heading(event.blocks));
    if (event.kind !== 'pages' && event.kind !== 'mapped-pages') return;
    for (let i = 0; i < event.runs.count; i += 1) {
      const full = lines.line(pages.run(event.runs, i));
      if (full !== undefined) await full;
    }
  });
  await lines.flush();
  return error;
}

/** --hex: reads no further than the span. */
export async function inspectHex(
  context: Context,
  state: string,
  options: StateOptions,
  wanted: Span,
): Promise<MigrationStreamError | undefined> {
  if (spanLength(wanted) > MAX_HEX) throw new UsageError('--hex shows at most 1 MiB at a time');
  let tap: Tap | undefined;
  const { stream } = await openState(
    context,
    state,
    { ...options, bodies: 'none' },
    (source) => (tap = tapSource(source, wanted)).source,
  );
  const parts = new HexParts(wanted);
  const error = await readAll(context, stream, async (event) => {
    parts.observe(event);
    return event.span.end < wanted.end;
  });
  const bytes = await tap!.bytes();
  const lines = new LineWriter(context.host.stdout);
  for (const line of hexLines(parts.upTo(wanted.start + bytes.length), bytes, wanted.start, context.out))
    await lines.line(line);
  await lines.flush();
  return error;
}

/** A bar would run through lines that come to the same terminal. */
function quietOnTerminal({ progress, host }: Context): boolean {
  return progress && !host.stdout.isTTY;
}
