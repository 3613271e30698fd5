// Edits that cannot both be meant. A usage error, found before anything is read.

import { Refused } from '../../base/refused.js';
import type { Edit } from './edit.js';

/** @throws Refused code `contradiction` */
export function checkContradictions(edits: readonly Edit[]): void {
  const subjects = new Map<string, Edit>();
  for (const edit of edits) {
    const subject = subjectOf(edit);
    const earlier = subject === undefined ? undefined : subjects.get(subject);
    if (earlier !== undefined)
      throw new Refused('contradiction', `two edits of ${subject}: ${earlier.edit} and ${edit.edit}`);
    if (subject !== undefined) subjects.set(subject, edit);
  }
  for (const edit of edits) {
    if (edit.edit !== 'drop-block') continue;
    const second = edits.find(
      (candidate) => candidate !== edit && 'block' in candidate && candidate.block === edit.block,
    );
    if (second !== undefined)
      throw new Refused('contradiction', `block ${edit.block} is dropped: ${second.edit} of it means nothing`);
  }
  for (const [i, edit] of edits.entries()) {
    for (const earlier of edits.slice(0, i)) {
      const why = clash(earlier, edit);
      if (why !== undefined) throw new Refused('contradiction', why);
    }
  }
}

/** Why two edits of different subjects cannot both be meant. */
function clash(a: Edit, b: Edit): string | undefined {
  const both = [a, b];
  const ofMemory = both.filter((edit) => edit.edit === 'externalize' || edit.edit === 'inline');
  if (ofMemory.length === 2 && ofMemory[0]!.memory.label === ofMemory[1]!.memory.label)
    return `two blocks cannot share ${ofMemory[0]!.memory.label}`;
  if ('block' in a && 'block' in b && a.block === b.block) {
    if (ofMemory.length === 2) return `block ${a.block} cannot be externalized and inlined at once`;
    if (ofMemory.length === 1 && both.some((edit) => edit.edit === 'resize-block'))
      return `block ${a.block} is resized: do it in a second run, before or after the memory file`;
  }
  if (
    'idstr' in a &&
    'idstr' in b &&
    a.idstr === b.idstr &&
    (a.instanceId === undefined || b.instanceId === undefined)
  ) {
    return `two edits of section ${a.idstr}: ${a.edit} and ${b.edit}`;
  }
  if (a.edit === 'rename-block' && b.edit === 'rename-block' && a.to === b.to)
    return `two blocks cannot both become ${a.to}`;
  return undefined;
}

/** What an edit sets: two edits of one subject contradict each other. */
function subjectOf(edit: Edit): string | undefined {
  switch (edit.edit) {
    case 'to-dialect':
    case 'machine':
    case 'uuid':
    case 'target-page-bits':
    case 'footers':
    case 'drop-vmdescription':
    case 'compact':
      return edit.edit;
    case 'set-capability':
    case 'clear-capability':
      return `capability ${edit.capability}`;
    case 'drop-section':
    case 'rename-section':
      return `section ${edit.idstr}/${edit.instanceId ?? '*'}`;
    case 'set':
    case 'set-bytes':
    case 'delete-bytes':
    case 'drop-subsection':
      return edit.path;
    case 'insert-bytes':
    case 'append-bytes':
      return `${edit.edit} at ${edit.path}`;
    case 'drop-command':
      return `command ${edit.command}`;
    default:
      return `${edit.edit} of block ${edit.block}`;
  }
}
