// Memory: the blocks keep names, sizes, kinds and share flags, because migration checks them, but their backing becomes
// private files. For a folder as mem-path QEMU makes an unlinked file in the folder, and still treats the block as
// backed by a named file (file_ram_open(), softmmu/physmem.c; RAM_NAMED_FILE, backends/hostmem-file.c).

import { statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Parameter } from '../parameter.js';
import { kept, type Outcome, type Rule, type RuleContext } from './rule.js';

const HUGETLBFS_MAGIC = 0x958458f6;

const WHY = 'reset writes to guest memory even in a stopped QEMU: it goes to an unlinked file of its own';

/**
 * The folder that replaces a path: the private folder, or a hugepages folder, because the blocks must keep their page
 * size.
 */
function folderFor(path: string, { cwd, temporaryFolder }: RuleContext): string {
  const full = resolve(cwd, path);
  const isFolder = statSync(full, { throwIfNoEntry: false })?.isDirectory() === true;
  const folder = isFolder ? full : dirname(full);
  try {
    return statfsSync(folder).type === HUGETLBFS_MAGIC ? folder : temporaryFolder;
  } catch {
    return temporaryFolder; // The folder does not exist.
  }
}

const isOn = (value: string | undefined): boolean => ['on', 'true', 'yes', 'y'].includes(value ?? '');

/** An -object whose type begins with memory-backend-. */
export function memoryBackendOutcome(object: Parameter, context: RuleContext): Outcome {
  const path = object.get('mem-path');
  const settings: Record<string, string | boolean> = {};
  // A file that is mapped read-only stays: its contents may be needed.
  if (path !== undefined && !isOn(object.get('readonly'))) settings['mem-path'] = folderFor(path, context);
  // Preallocation would touch every page without need.
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
