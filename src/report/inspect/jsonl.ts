// The lines of `mstream inspect --jsonl`: one object per event in the order of reading
// (docs/schema/inspect-event.json), page records in runs. Lines contain spans, not bytes. No state is kept from line to
// line.

import { never } from '../../base/never.js';
import { span, type Span } from '../../base/span.js';
import type { MigrationStreamError } from '../../base/errors.js';
import { pageKindNames, type PageRuns } from '../../ram/page-runs.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { commandName } from '../../wire/command.js';
import type { StreamEvent } from '../../stream/event.js';
import { errorJson } from '../error.js';
import {
  configurationJson,
  dialectJson,
  INSPECT_SCHEMA_VERSION,
  listedBlockJson,
  sectionJson,
  spanJson,
  type JsonObject,
} from './json.js';

/** The first line. */
export function inputLine(label: string, size: number | undefined, mstream: string): JsonObject {
  return { event: 'input', schemaVersion: INSPECT_SCHEMA_VERSION, mstream, label, size: size ?? null };
}

/** The last line. */
export function endLine(error: MigrationStreamError | undefined, position: number): JsonObject {
  return error === undefined
    ? { event: 'end', bytes: position }
    : { event: 'error', ...errorJson(error), bytes: position };
}

/** The lines of an event. `blocks`: the current block list, for mapped areas. */
export function* eventLines(event: StreamEvent, blocks: readonly RamBlockEntry[]): Generator<JsonObject> {
  const line = (name: string, where: Span, more: JsonObject): JsonObject => ({
    event: name,
    span: spanJson(where),
    ...more,
  });
  switch (event.kind) {
    case 'header':
      yield line('header', event.span, { version: event.version });
      return;
    case 'configuration':
      yield line('configuration', event.span, configurationJson(event.configuration));
      return;
    case 'section-open':
      yield line('section-open', event.span, { type: event.type, section: sectionJson(event.section) });
      return;
    case 'section-close':
      yield line('section-close', event.span, { sectionId: event.section.sectionId, footer: event.footer });
      return;
    case 'payload':
      yield line('payload', event.span, {
        sectionId: event.section.sectionId,
        boundary: event.boundary,
        last: event.last,
      });
      return;
    case 'ram-blocks': {
      const { total, layout, targetPageSize, continues } = event;
      yield line('ram-blocks', event.span, {
        total,
        layout: layout.name,
        targetPageSize,
        continues,
        blocks: event.blocks.map(listedBlockJson),
      });
      return;
    }
    case 'pages':
      for (let i = 0; i < event.runs.count; i += 1) yield line('pages', runSpan(event.runs, i), runJson(event.runs, i));
      return;
    case 'mapped-pages':
      for (let i = 0; i < event.runs.count; i += 1)
        yield line('mapped-pages', runSpan(event.runs, i), runJson(event.runs, i));
      return;
    case 'mapped-area':
      yield line('mapped-area', event.span, { block: blocks[event.block]?.idstr ?? null, last: event.last });
      return;
    case 'ram-mark':
      yield line('ram-mark', event.span, { mark: event.mark, flags: event.flags });
      return;
    case 'dialect':
      yield line('dialect', event.span, { fact: event.fact, ...(dialectJson(event) as JsonObject) });
      return;
    case 'command':
      yield line('command', event.span, {
        command: event.command,
        name: commandName(event.command),
        length: event.payload.length,
      });
      return;
    case 'package-open':
      yield line('package-open', event.span, { length: event.length });
      return;
    case 'package-close':
    case 'eof':
    case 'trailing':
      yield line(event.kind, event.span, {});
      return;
    case 'vmdescription':
      yield line('vmdescription', event.span, { length: event.json.length });
      return;
    case 'warning':
      yield line('warning', event.span, { code: event.code, message: event.message, path: event.path });
      return;
    default:
      never(event);
  }
}

/** The span of run `i`, from its first header to its last body. */
export function runSpan(runs: PageRuns, i: number): Span {
  const start = runs.offsetOf(i, 0);
  return span(start, start + runs.pages[i]! * runs.stride(i));
}

function runJson(runs: PageRuns, i: number): JsonObject {
  const type = pageKindNames[runs.kind[i]!]!;
  return {
    block: runs.blocks[runs.block[i]!]!.idstr,
    offset: runs.addr[i]!,
    type,
    count: runs.pages[i]!,
    pageSize: runs.pageSize,
    named: runs.named[i] === 1,
    ...(type === 'zero' ? { fill: runs.fill[i]! } : { length: runs.length[i]! }),
  };
}
