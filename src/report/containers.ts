// The containers around a stream, as the first lines of a report: a line for each container, outermost first, and its
// notes.

import type { ContainerFacts } from '../container/container.js';
import { printableLine } from './printable.js';
import type { Theme } from './theme.js';

/** Nothing for a bare stream. */
export function nestingLines(containers: readonly ContainerFacts[], theme: Theme): string[] {
  return containers.flatMap(({ title, details, notes }, depth) => {
    const indent = '  '.repeat(depth);
    const detail = details.length === 0 ? '' : ` (${printableLine(details.join(', '))})`;
    return [
      `${indent}${depth === 0 ? 'in ' : 'with '}${title}${detail}`,
      ...notes.map(({ message }) => `${indent}  ${theme.warning('note:')} ${printableLine(message)}`),
    ];
  });
}
