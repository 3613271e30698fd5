// The text of an error: fault, place (offset and path), reason, advice. No other file makes it.

import { MigrationStreamError, type ErrorCode, type OuterPlace } from '../base/errors.js';
import { hintText } from './hints.js';
import { printable, printableLine } from './printable.js';
import { hexText } from './quantity.js';
import { savedStateLines } from './saved-states.js';
import type { Theme } from './theme.js';

/** The hint for an error that carries no hint. */
const hints: Partial<Record<ErrorCode, string>> = {
  truncated: 'the input ends too early: was the migration cancelled, the disk full, the copy cut short?',
  'footer-mismatch':
    'damage, or a payload that is longer or shorter than described; `mstream inspect --hex SPAN` shows the bytes',
  'unknown-section-id': 'damage before this place, or the start of the stream is missing',
  'bad-ram-flags':
    'damage before this place, or another target page size or dialect: --page-size and --dialect override what was inferred',
  'offset-out-of-block': 'damage, or another target page size: --page-size overrides what was inferred',
};

/** `code: message`, `  at 0x… in a > b > c`, `  hint: …`, each line ended. */
export function errorText(error: MigrationStreamError, theme: Theme): string {
  const lines = [`${theme.error(`${error.code}:`)} ${printable(error.message).replaceAll('\n', '\n  ')}`];
  if (error.choices !== undefined) lines.push(...savedStateLines(error.choices).map((line) => `  ${line}`));
  const where = whereText(error, theme);
  if (where !== undefined) lines.push(`  ${where}`);
  if (error.outer !== undefined) lines.push(`  ${outerText(error.outer, theme)}`);
  const hint = error.hint === undefined ? hints[error.code] : hintText(error.hint);
  if (hint !== undefined) lines.push(`  ${theme.label('hint:')} ${printable(hint)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function whereText(error: MigrationStreamError, theme: Theme): string | undefined {
  const path = error.path.map(printableLine).join(' > ');
  if (error.offset === undefined) return path === '' ? undefined : `in ${path}`;
  const at = `at ${theme.offset(hexText(error.offset))}`;
  return path === '' ? at : `${at} in ${path}`;
}

/** "inside gzip data, inside a libvirt save image (at 0x…)" */
export function outerText(outer: readonly OuterPlace[], theme: Theme): string {
  return outer
    .map(({ container, offset, before }) => {
      const where = before === true ? 'before' : 'at';
      const at = offset === undefined ? '' : `, ${where} ${theme.offset(hexText(offset))} of it`;
      return `inside ${printableLine(container)}${at}`;
    })
    .join('; ');
}

type OuterJson = { container: string; offset?: number; before?: true }[];

/** The same content as a value, for JSON. */
export function errorJson(error: MigrationStreamError): {
  code: string;
  message: string;
  offset?: number;
  path: readonly string[];
  outer?: OuterJson;
  hint?: string;
} {
  const hint = error.hint === undefined ? hints[error.code] : hintText(error.hint);
  return {
    code: error.code,
    message: error.message,
    ...(error.offset === undefined ? {} : { offset: error.offset }),
    path: error.path,
    ...outerJson(error.outer),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** A text of the same form for other failures: usage, a missing QEMU. */
export function plainErrorText(code: string, message: string, hint: string | undefined, theme: Theme): string {
  const rest = hint === undefined ? '' : `  ${theme.label('hint:')} ${printable(hint)}\n`;
  return `${theme.error(`${code}:`)} ${printable(message).replaceAll('\n', '\n  ')}\n${rest}`;
}

/** The places as a property of an error or a finding; none where there are none. */
export function outerJson(outer: readonly OuterPlace[] | undefined): { outer?: OuterJson } {
  if (outer === undefined) return {};
  return {
    outer: outer.map(({ container, offset, before }) => ({
      container,
      ...(offset === undefined ? {} : { offset }),
      ...(before === true ? { before } : {}),
    })),
  };
}
