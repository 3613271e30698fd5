// All codes of findings: closed, each with its facts; docs/verify.md lists them. And findings made from them.

import type { Cure } from '../../base/hint.js';
import type { OuterPlace } from '../../base/errors.js';
import { breakCodes } from './codes-break.js';
import { memoryCodes } from './codes-memory.js';
import { noteCodes } from './codes-notes.js';
import { streamCodes } from './codes-stream.js';
import type { CodeFacts, FindingDetails, Severity } from './finding.js';

const rows = { ...breakCodes, ...streamCodes, ...memoryCodes, ...noteCodes };

/** Every kind of finding. Closed: docs/verify.md lists them, and tests name streams after them. */
export type FindingCode = keyof typeof rows;

export const findingCodes: Readonly<Record<FindingCode, CodeFacts>> = rows;

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** Absolute, in bytes; undefined for what is nowhere. */
  readonly offset: number | undefined;
  /** The same place in the containers around the stream, innermost first. */
  readonly outer?: readonly OuterPlace[] | undefined;
  /** Where in the grammar, outermost first. */
  readonly path: readonly string[];
  /** What was found, in one line; names are escaped. */
  readonly text: string;
  readonly explanation: string;
  readonly cure: Cure;
  /** A QEMU loads it without a word, and the guest is broken. */
  readonly silent: boolean;
}

export function finding(code: FindingCode, details: FindingDetails): Finding {
  const facts = findingCodes[code];
  const severity = details.severity ?? facts.severity;
  return {
    severity,
    code,
    offset: details.offset,
    path: details.path ?? [],
    text: details.text,
    explanation: facts.explanation,
    cure: details.cure ?? facts.cure,
    silent: severity === 'error' && facts.silent === true,
  };
}
