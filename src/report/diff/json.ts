// The JSON document of `mstream diff --json`: docs/schema/diff.json.

import type { ContainerFacts } from '../../container/container.js';
import { countDifferences, type Diff, type DiffSide, type StatementDifference } from '../../ops/diff/result.js';
import { errorJson } from '../error.js';
import type { JsonObject } from '../inspect/json.js';

export const DIFF_SCHEMA_VERSION = 1;

export function diffDocument(
  diff: Diff,
  containers: { readonly a: readonly ContainerFacts[]; readonly b: readonly ContainerFacts[] },
  mstream: string,
): JsonObject {
  const { real, noise } = countDifferences(diff);
  return {
    schemaVersion: DIFF_SCHEMA_VERSION,
    kind: 'difference',
    mstream,
    a: sideJson(diff.a, containers.a),
    b: sideJson(diff.b, containers.b),
    differences: real,
    noise,
    form: diff.form.map(statementJson),
    configuration: diff.configuration.map(statementJson),
    devices: diff.devices.map(({ device, only, size, version, fields, more, note }) => ({
      device,
      only: only ?? null,
      size: { a: size.a ?? null, b: size.b ?? null },
      version: version === undefined ? null : statementJson(version),
      fields: fields.map((field) => ({
        path: field.path,
        a: (field.a as JsonObject | undefined) ?? null,
        b: (field.b as JsonObject | undefined) ?? null,
        noise: field.noise ?? null,
      })),
      more,
      note: note ?? null,
    })),
    devicesCompared: diff.devicesCompared,
    blocks:
      diff.blocks?.map((block) => ({
        ...block,
        only: block.only ?? null,
        length: { a: block.length.a ?? null, b: block.length.b ?? null },
        ranges: block.ranges.map(({ first, count }) => ({ first, count })),
        bytes: block.bytes ?? null,
        note: block.note ?? null,
      })) ?? null,
    pagesCompared: diff.pagesCompared,
    pagesDifferent: diff.pagesDifferent,
  };
}

function sideJson({ label, error }: DiffSide, containers: readonly ContainerFacts[]): JsonObject {
  return {
    label,
    containers: containers.map((facts) => ({ ...(facts as unknown as JsonObject) })),
    error: error === undefined ? null : errorJson(error),
  };
}

function statementJson({ what, a, b }: StatementDifference): JsonObject {
  return { what, a: a ?? null, b: b ?? null };
}
