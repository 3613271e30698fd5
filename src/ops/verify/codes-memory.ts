// Codes for guest memory: in the stream, left out of it, and in files beside it.

import { codes } from './finding.js';

export const memoryCodes = codes({
  'no-ram': {
    severity: 'error',
    silent: true,
    explanation: 'QEMU does not miss the ram section: it loads the devices over empty memory.',
    cure: 'take the stream from its source again',
  },
  'no-ram-blocks': {
    severity: 'error',
    silent: true,
    explanation: 'An empty block list is accepted, and memory stays as it was.',
    cure: 'take the stream from its source again',
  },
  'no-main-memory': {
    severity: 'error',
    silent: true,
    explanation:
      "Only ROMs and video memory are listed. QEMU does not miss a block: the guest's own memory stays empty.",
    cure: 'take the stream from its source again',
  },
  'duplicate-block': {
    severity: 'error',
    explanation: "Block names are unique: the second entry is compared with the first one's block.",
    cure: { code: 'rename-block', block: 'BLOCK' },
  },
  'ram-never-sent': {
    severity: 'error',
    silent: true,
    explanation:
      'Not one page came, and nothing says that they were left out. QEMU loads it, and memory stays empty (a cpr-transfer stream looks like this as well: its memory is handed over).',
    cure: 'take the stream from its source again',
  },
  'block-never-sent': {
    severity: 'error',
    silent: true,
    explanation:
      'No page of this block came, and the stream does not say that it leaves blocks out: QEMU loads it, and the block stays as it was. Only the bypass-shared-memory fork writes that on purpose.',
    cure: { code: 'memory-on-purpose' },
  },
  'pages-missing': {
    severity: 'error',
    silent: true,
    explanation:
      'QEMU sends every page of a block at least once, zero pages included. Pages that never came stay as they are at the destination.',
    cure: 'take the stream from its source again',
  },
  'pages-elsewhere': {
    severity: 'warning',
    explanation:
      "This is the main channel of a migration that sent its pages through others (multifd, postcopy-preempt): alone it is not the guest's memory.",
    cure: 'save without multifd, or with mapped-ram, for one file that is complete',
  },
  'pages-of-ignored-block': {
    severity: 'error',
    explanation:
      'The block is marked as left out, and its pages came: QEMU says "should not be migrated !" or "should  be migrated".',
    cure: { code: 'not-ignored', block: 'BLOCK' },
  },
  'memory-outside': {
    severity: 'note',
    explanation: 'x-ignore-shared left these blocks out: their contents are in a memory file only.',
    cure: { code: 'check-memory' },
  },
  'zero-fill': {
    severity: 'warning',
    explanation:
      'Zero pages with another byte than 0: QEMU up to 8.1 fills with it, 8.2 and later refuse: "Found a zero page with value".',
    cure: 'load it with QEMU 8.1 or older and save again',
  },
  'mapped-header': {
    severity: 'error',
    explanation:
      'The mapped-ram header of a block is none that QEMU writes: refused, or, with page size 0, QEMU 10.0 dies of SIGFPE.',
    cure: 'take the stream from its source again',
  },
  'mapped-bitmap': {
    severity: 'error',
    silent: true,
    explanation:
      'The bitmap of the pages stands directly behind its header in every file that QEMU writes. This one points elsewhere, and QEMU reads whatever is there.',
    cure: 'take the stream from its source again; mapped-ram offsets are absolute, so a stream inside another file breaks them',
  },
  'mapped-unfinished': {
    severity: 'error',
    explanation:
      'QEMU writes the bitmaps of a mapped-ram file when it ends "ram". This save ended before: pages stand in the file, and nothing says which of them count.',
    cure: 'save again; to rescue what there is, take every place of a page that is no hole for a page',
  },
  'memory-missing': {
    severity: 'error',
    explanation: 'Without its memory file the state is nothing.',
    cure: 'give the right file',
  },
  'memory-unreadable': {
    severity: 'error',
    explanation: 'A clone maps this file; it must be readable.',
    cure: 'see the message of the system',
  },
  'memory-size': {
    severity: 'error',
    explanation: 'QEMU compares the size of the block with that of the backend: "Size mismatch".',
    cure: "give the file that was the block's backend when the state was saved",
  },
  'memory-newer': {
    severity: 'warning',
    explanation:
      'The memory was written after the state was: a VM that mapped it with share=on has run since, and the two no longer belong together.',
    cure: 'keep the file read-only, and map it with share=off',
  },
  'memory-changed': {
    severity: 'error',
    silent: true,
    explanation:
      'The file is not the one that the manifest describes. QEMU loads the state over it, and the guest is broken.',
    cure: 'make the template again; a clone must map the file with share=off',
  },
  'memory-zero': {
    severity: 'error',
    silent: true,
    explanation:
      'Every byte is zero: the guest wrote through a private mapping (share=off), and its memory ended with it. QEMU loads the state over nothing.',
    cure: 'make the template again, with share=on at the source',
  },
  'memory-in-stream': {
    severity: 'warning',
    explanation:
      "Pages of this block are in the stream: loading writes them over the file's contents (into the file, with share=on).",
    cure: 'save with x-ignore-shared and share=on for a template',
  },
  'memory-no-such-block': {
    severity: 'error',
    explanation: 'The block list has no block of that name.',
    cure: { code: 'inspect-blocks' },
  },
  'memory-not-given': {
    severity: 'warning',
    explanation: 'This block was left out of the stream, and no file was given for it.',
    cure: { code: 'give-memory' },
  },
  'state-changed': {
    severity: 'error',
    explanation: 'The state is not the one that the manifest describes.',
    cure: 'state and manifest are of different templates: make it again',
  },
});
