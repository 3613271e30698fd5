// The report of a transplant as a document: docs/schema/transplant.json.

import type { TransplantReport } from '../../ops/transplant/report.js';
import { cureText } from '../hints.js';
import type { JsonObject, JsonValue } from '../inspect/json.js';

/** `written`: a file was made. `planned`: no file was requested. */
export function transplantDocument(
  report: TransplantReport,
  written: boolean,
  planned: boolean,
  mstream: string,
): JsonObject {
  const { grade, state, machine, copied, sections, counts, cpu, trial, bytesRead, bytesWritten } = report;
  return {
    schemaVersion: 1,
    kind: 'mstream-transplant',
    mstream,
    planned,
    written,
    grade,
    state,
    machine: { ...machine },
    copied,
    sections,
    counts: { ...counts },
    differences: report.differences.map(({ cure, ...rest }) =>
      present({ ...rest, cure: cure === undefined ? undefined : cureText(cure) }),
    ),
    cpu: present({ ...cpu }),
    trial:
      trial.state === 'not-tried'
        ? { ...trial }
        : present({ ...trial, differences: trial.differences.map((difference) => present({ ...difference })) }),
    bytesRead,
    bytesWritten,
  };
}

/** A member that does not apply is absent. */
function present(object: { readonly [key: string]: JsonValue | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as JsonObject;
}
