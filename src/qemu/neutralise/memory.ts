// Memory: the blocks keep names, sizes, kinds and share flags, since migration looks at those, but lie on files of QEMU's
// own. QEMU, given a folder as mem-path, makes an unlinked file in it, and still calls the block one of a named file
// (file_ram_open(), softmmu/physmem.c; RAM_NAMED_FILE, backends/hostmem-file.c). Imports parameter, node's file system.

import { statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Parameter } from '../parameter.js';
import { kept, type Outcome, type Rule, type RuleContext } from './rule.js';

const HUGETLBFS_MAGIC = 0x958458f6;

const WHY = 'reset writes to guest memory even in a stopped QEMU: it goes to an unlinked file of its own';

/** The folder that stands in for a path: ours, or that of hugepages, whose size the blocks must keep. */
function folderFor(path: string, { cwd, temporaryFolder }: RuleContext): string {
  const full = resolve(cwd, path);
  const isFolder = statSync(full, { throwIfNoEntry: false })?.isDirectory() === true;
  const folder = isFolder ? full : dirname(full);
  try {
    return statfsSync(folder).type === HUGETLBFS_MAGIC ? folder : temporaryFolder;
  } catch {
    return temporaryFolder; // There is no such folder.
  }
}

const isOn = (value: string | undefined): boolean => ['on', 'true', 'yes', 'y'].includes(value ?? '');

/** An -object whose type begins with memory-backend-. */
export function memoryBackendOutcome(object: Parameter, context: RuleContext): Outcome {
  const path = object.get('mem-path');
  const settings: Record<string, string | boolean> = {};
  // A file that is mapped for reading only stays: its contents may be wanted.
  if (path !== undefined && !isOn(object.get('readonly'))) settings['mem-path'] = folderFor(path, context);
  // Every page would be touched, for nothing.
  if (isOn(object.get('prealloc'))) settings['prealloc'] = false;
  if (isOn(object.get('pmem'))) settings['pmem'] = false;
  if (Object.keys(settings).length === 0) return kept;
  return {
    kind: 'replace',
    words: ['-object', object.changed(settings)],
    why: 'mem-path' in settings ? WHY : 'memory is not filled beforehand',
  };
}

export const memPathRule: Rule = (_option, value, context) => ({
  kind: 'replace',
  words: ['-mem-path', folderFor(value, context)],
  why: WHY,
});
