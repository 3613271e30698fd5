// The JSON document of `mstream inspect --json`: docs/schema/inspect.json. Names are exact here (toJson escapes
// characters that a terminal must not see). Offsets, sizes and counts are numbers; addresses are 0x strings. Null means
// "not known"; a missing member means "does not apply".

import { uuidText } from '../../base/uuid.js';
import type { Span } from '../../base/span.js';
import type { ContainerFacts } from '../../container/container.js';
import type { BlockRow } from '../../ops/block-rows.js';
import type { Inspection, MapRow } from '../../ops/inspect.js';
import type { Producer } from '../../open/producer.js';
import type { QemuVersion } from '../../release/version.js';
import type { DialectEvent } from '../../ram/event.js';
import type { MergeFacts } from '../../ram/channels/merge.js';
import type { Configuration } from '../../wire/configuration.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { SectionHeader } from '../../wire/section.js';
import { errorJson } from '../error.js';
import { hexText } from '../quantity.js';

export const INSPECT_SCHEMA_VERSION = 1;

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Shape Container of common.json: the facts as they are. */
export function containersJson(containers: readonly ContainerFacts[]): JsonObject[] {
  return containers.map((facts) => ({ ...(facts as unknown as JsonObject) }));
}

/** `containers`: around the stream, outermost first. */
export function inspectionJson(
  inspection: Inspection,
  mstream: string,
  containers: readonly ContainerFacts[] = [],
): JsonObject {
  const { label, size, complete, error, configuration, dialect, producer, map, omittedRows, blocks, totals, warnings } =
    inspection;
  return {
    schemaVersion: INSPECT_SCHEMA_VERSION,
    kind: 'inspection',
    mstream,
    input: { label, size: size ?? null },
    containers: containersJson(containers),
    complete,
    error: error === undefined ? null : errorJson(error),
    producer: producerJson(producer),
    configuration: configuration === undefined ? null : configurationJson(configuration),
    dialect: {
      layout: dialectJson(dialect.layout),
      targetPageSize: dialectJson(dialect.targetPageSize),
      footers: dialectJson(dialect.footers),
      mappedBase: dialectJson(dialect.mappedBase),
    },
    sections: map.map(rowJson),
    omittedSections: omittedRows,
    blocks: blocks.map(blockJson),
    totals: { ...totals },
    ...(inspection.channels === undefined ? {} : { channels: channelsJson(inspection.channels) }),
    warnings: warnings.map(({ code, message, offset, path }) => ({ code, message, offset, path })),
  };
}

function channelsJson({ channels, syncs, ordered, ambiguous, leftOver, complete }: MergeFacts): JsonObject {
  return {
    syncs,
    resentInOrder: ordered,
    resentAmbiguous: complete ? ambiguous : null,
    leftOver,
    channels: channels.map(
      ({ label, id, packets, syncs: channelSyncs, normalPages, zeroPages, bytes, methods, devices }) => ({
        label,
        id,
        packets,
        syncs: channelSyncs,
        pages: normalPages,
        zeroPages,
        bytes,
        methods: [...methods],
        devices: [...devices].map(([name, state]) => ({ name, ...state })),
      }),
    ),
  };
}

export function spanJson({ start, end }: Span): JsonObject {
  return { start, end };
}

function producerJson({ since, until, contradictory, clues }: Producer): JsonObject {
  return {
    since: versionJson(since),
    until: versionJson(until),
    contradictory,
    clues: clues.map((clue) => ({ seen: clue.seen, since: versionJson(clue.since), until: versionJson(clue.until) })),
  };
}

function versionJson(version: QemuVersion | undefined): JsonValue {
  return version === undefined ? null : { major: version.major, minor: version.minor };
}

export function configurationJson({ machine, subsections }: Configuration): JsonObject {
  return {
    machine,
    subsections: subsections.map((part): JsonObject => {
      const { kind, version } = part;
      switch (part.kind) {
        case 'capabilities':
          return { kind, version, names: part.names };
        case 'target-page-bits':
          return { kind, version, bits: part.bits };
        case 'uuid':
          return { kind, version, uuid: uuidText(part.uuid) };
        case 'unknown':
          return { kind, version, name: part.name, length: part.bytes.length };
      }
    }),
  };
}

export function dialectJson(fact: DialectEvent | undefined): JsonValue {
  if (fact === undefined) return null;
  const { value, how, alternatives, trials } = fact;
  return {
    value,
    how,
    alternatives,
    trials: trials.map(({ layout, broken }) => (broken === undefined ? { layout } : { layout, broken })),
  };
}

export function sectionJson({ sectionId, idstr, instanceId, versionId }: SectionHeader): JsonObject {
  return { sectionId, idstr, instanceId, versionId };
}

function rowJson({ kind, span, count, depth, section, payload, boundary, command }: MapRow): JsonObject {
  return {
    kind,
    span: spanJson(span),
    count,
    depth,
    ...(section === undefined ? {} : { section: sectionJson(section) }),
    ...(payload === undefined ? {} : { payload }),
    ...(boundary === undefined ? {} : { boundary }),
    ...(command === undefined ? {} : { command }),
  };
}

function blockJson({
  idstr,
  usedLength,
  pageSize,
  gpa,
  ignored,
  ignoredHow,
  mapped,
  pages,
  sent,
}: BlockRow): JsonObject {
  return {
    idstr,
    usedLength,
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(gpa === undefined ? {} : { gpa: hexText(gpa) }),
    ignored: ignored ?? null,
    ignoredHow,
    ...(mapped === undefined ? {} : { mapped: { ...mapped } }),
    pages,
    sent: { ...sent, resent: sent.resent ?? null, absent: sent.absent ?? null },
  };
}

/** A block as in the list, before its pages are known. */
export function listedBlockJson({ idstr, usedLength, pageSize, gpa, ignored, mapped }: RamBlockEntry): JsonObject {
  return {
    idstr,
    usedLength,
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(gpa === undefined ? {} : { gpa: hexText(gpa) }),
    ...(ignored === undefined ? {} : { ignoredByte: ignored }),
    ...(mapped === undefined ? {} : { mapped: { bitmapOffset: mapped.bitmapOffset, pagesOffset: mapped.pagesOffset } }),
  };
}
