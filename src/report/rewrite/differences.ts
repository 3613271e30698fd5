// The changes of a rewrite, or of a dry run: as text and as a JSON document.

import type { Difference } from '../../ops/rewrite/edit.js';
import type { RewriteResult } from '../../ops/rewrite/rewrite.js';
import type { JsonObject } from '../inspect/json.js';
import { printableLine } from '../printable.js';
import { bytesText, offsetText, plural } from '../quantity.js';
import type { Theme } from '../theme.js';

/** One line for each change, with its reason; then a summary. */
export function differencesText(result: RewriteResult, planned: boolean, theme: Theme): string {
  const lines = result.differences.map((difference) => differenceLine(difference, theme));
  const hidden = result.changes - result.differences.length;
  if (hidden > 0) lines.push(theme.dim(`  … and ${plural(hidden, 'change')} more`));
  const what = result.changes === 0 ? 'nothing changes' : plural(result.changes, 'change');
  const sizes = `${bytesText(result.bytesRead)} in, ${bytesText(result.bytesWritten)} out`;
  lines.push(`${planned ? 'would write' : 'wrote'}: ${what}; ${sizes}`);
  return lines.map((line) => `${line}\n`).join('');
}

function differenceLine(difference: Difference, theme: Theme): string {
  const change = `${printableLine(difference.before)} ${theme.dim('->')} ${theme.strong(printableLine(difference.after))}`;
  return `${theme.offset(offsetText(difference.span.start))}  ${printableLine(difference.what)}: ${change}  ${theme.dim(`(${printableLine(difference.why)})`)}`;
}

/** docs/schema/rewrite.json. */
export function rewriteDocument(result: RewriteResult, planned: boolean, mstream: string): JsonObject {
  const { differences, changes, bytesRead, bytesWritten, bytesCopied } = result;
  return {
    schemaVersion: 1,
    kind: 'mstream-rewrite',
    mstream,
    planned,
    differences: differences.map(({ edit, span, what, before, after, why }) => ({
      edit,
      span: { start: span.start, end: span.end },
      what,
      before,
      after,
      why,
    })),
    changes,
    bytesRead,
    bytesWritten,
    bytesCopied,
  };
}
