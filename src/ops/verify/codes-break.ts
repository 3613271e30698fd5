// Codes for a stream that breaks off: those of MigrationStreamError, as findings.

import type { Cure } from '../../base/hint.js';
import { codes, type CodeFacts } from './finding.js';

const damage = (explanation: string, cure: Cure = { code: 'inspect-whole' }): CodeFacts => ({
  severity: 'error',
  explanation,
  cure,
});

/** Not QEMU gives up here but this reader. */
const ours = (explanation: string, cure: Cure): CodeFacts => ({ severity: 'warning', explanation, cure });

export const breakCodes = codes({
  'not-a-stream': damage('The file does not begin with "QEVM".', { code: 'inspect-file', file: 'FILE' }),
  'unsupported-version': damage('Every QEMU since 0.13 reads version 3 of the format, and nothing else.'),
  truncated: damage(
    'The file ends too early. QEMU takes what is missing for zeros and looks for the error only now and then, so its own message may speak of flags or footers instead.',
    'was the disk full, or the command behind exec: killed? Save again',
  ),
  'bad-section-type': damage(
    'Sections have no length: after damage, or a device payload that is longer or shorter than the reader believes, nothing makes sense any more.',
  ),
  'bad-configuration': damage('The configuration section says something that no QEMU can be.'),
  'bad-string': damage('A name is empty or longer than the format allows.'),
  'footer-mismatch': damage(
    'Each section ends with 0x7e and its id. Here it does not: the payload before it has another length than its reader needs.',
  ),
  'unknown-section-id': damage('A PART or END refers to a section that nothing opened.'),
  'bad-payload': damage('A record inside the section contradicts itself.'),
  'bad-ram-flags': damage(
    'The flags of a page record must be exactly one kind: QEMU says "Unknown combination of migration flags".',
  ),
  'unknown-block': damage(
    'A page belongs to a block that the block list does not have: QEMU says "Can\'t find block".',
  ),
  'offset-out-of-block': damage('A page lies beyond its block: QEMU says "Illegal RAM offset".'),
  'address-too-large': damage('A 64-bit number that cannot be a length or a place in a file.'),
  'bad-block-list': damage('The lengths of the blocks do not add up to the total, which is what ends the list.'),
  'dialect-unknown': damage('The block list fits none of the layouts that QEMU ever wrote under these capabilities.', {
    code: 'try-dialect',
  }),
  'bad-command': damage('A command record contradicts itself.'),
  'bad-vmdescription': {
    severity: 'warning',
    explanation: 'The JSON behind the stream is not what QEMU writes. QEMU does not read it; only tools suffer.',
    cure: 'none needed for QEMU',
  },
  'dialect-ambiguous': ours('The block list can be read in more than one way, so nothing behind it was judged.', {
    code: 'choose-dialect',
  }),
  'unknown-payload': ours(
    'Nothing tells where this payload ends, so nothing behind it was judged. QEMU knows its own devices and may load it.',
    { code: 'vmdescription-of-file' },
  ),
  'limit-exceeded': ours(
    'Past a limit of this reader (src/limits.ts), far above any real stream: nothing behind it was judged.',
    'if the stream is real, please report it',
  ),
  'not-seekable': ours('This needs a file.', { code: 'spool' }),
  'bad-container': damage(
    'The file in which the stream lies (a libvirt image, a qcow2 image, compressed data, an archive) is damaged.',
    'take the file from its source again; the programs of its format (`qemu-img check`, `gzip -t`) may say more',
  ),
  unsupported: ours(
    'The file in which the stream lies is known, and this version or this machine cannot read it.',
    'see the message: it names the program or the feature that is missing',
  ),
  'several-streams': ours(
    'More than one stream lies in the file, and none was named.',
    'name one as the hint says: FILE#TAG for a snapshot of a qcow2 image',
  ),
  'cannot-encode': ours('A value that has no form on the wire.', 'please report it'),
  io: ours('The input could not be read.', 'see the message of the system'),
});
