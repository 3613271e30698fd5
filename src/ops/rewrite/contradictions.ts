// Edits that cannot both be meant. A usage error, found before anything is read. May import its own folder.

import { EditError, type Edit } from './edit.js';

/** @throws EditError reason `contradiction` */
export function checkContradictions(edits: readonly Edit[]): void {
  const subjects = new Map<string, Edit>();
  for (const edit of edits) {
    const subject = subjectOf(edit);
    const other = subject === undefined ? undefined : subjects.get(subject);
    if (other !== undefined) throw new EditError('contradiction', `two edits of ${subject}: --${other.edit} and --${edit.edit}`);
    if (subject !== undefined) subjects.set(subject, edit);
  }
  for (const edit of edits) {
    if (edit.edit !== 'drop-block') continue;
    const other = edits.find((one) => one !== edit && 'block' in one && one.block === edit.block);
    if (other !== undefined) throw new EditError('contradiction', `block ${edit.block} is dropped: --${other.edit} of it means nothing`);
  }
  for (const edit of edits) {
    const other = edits.find((one) => edit.edit === 'externalize' && one.edit === 'inline' && one.block === edit.block);
    if (other !== undefined) throw new EditError('contradiction', `a block cannot be externalized and inlined at once`);
  }
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
    case 'drop-command':
      return `command ${edit.command}`;
    default:
      return `${edit.edit} of block ${edit.block}`;
  }
}
