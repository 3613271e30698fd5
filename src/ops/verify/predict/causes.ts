// What each message means to somebody who did not write QEMU, and what helps: a flag of the destination, or an edit of `mstream
// rewrite`. `{0}`, `{1}` … are the values of the message, in its order. Data only; may import the ids.

import type { TextId } from './texts.js';

export interface Explanation {
  readonly cause: string;
  readonly cure: string;
}

const DAMAGED = 'no edit helps: take the stream again, or copy it again';
const CUT = 'the file ends too early: was the migration cancelled, or the copy cut short? Take it again';
const OTHER_VERSION = 'start the destination with the machine type of the stream, or edit the device: `mstream rewrite --delete-bytes`, `--append-bytes`, `--drop-subsection` (docs/rewrite.md, another QEMU version)';
const SENDER = 'a postcopy stream belongs between two live QEMUs: save without postcopy-ram, or drop the command with `mstream rewrite --drop-command`';

function cut(what: string): Explanation {
  return { cause: `the stream ends inside ${what}`, cure: CUT };
}

function damaged(cause: string): Explanation {
  return { cause, cure: DAMAGED };
}

export const explanations: Partial<Record<TextId, Explanation>> = {
  'not-a-stream': { cause: 'the file does not begin like a migration stream', cure: '`mstream inspect` names what it is; unpack it, or take the stream out of its container' },
  'stream-v2': { cause: 'a stream of before QEMU 0.13', cure: 'no QEMU of today reads it' },
  'stream-version': damaged('the version in the header is not 3'),
  'configuration-missing': { cause: 'the sender wrote no configuration section, the destination wants one', cure: 'destination: -global migration.send-configuration=off' },
  machine: { cause: 'the stream is of machine type {0}, the destination is a {1}', cure: 'destination: -M {0}; or `mstream rewrite --machine {1}`, which changes the name only, not the devices' },
  'page-bits': { cause: 'source and destination have different target page sizes: 2^{0} and 2^{1} bytes', cure: 'start the destination with the machine and CPU type of the source; pages cannot be cut anew' },
  capability: { cause: 'capability {0} is {1} at the destination and {2} in the stream', cure: 'switch {0} {2} at the destination (migrate_set_capability {0} {2}); or, for x-ignore-shared, `mstream rewrite --to-dialect plain` or `--to-dialect 4.1`' },
  'huge-length': damaged('a length in the configuration section is of two gigabytes and more, and QEMU ends when it asks for so much memory'),
  'unknown-capability': { cause: 'the stream was made with capability {0}, which this QEMU does not know', cure: 'a newer QEMU; or `mstream rewrite --clear-capability {0}` if the stream does not depend on it' },
  uuid: { cause: 'the stream carries another VM uuid than the destination has', cure: 'destination: -uuid {0}; or `mstream rewrite --uuid none`' },
  'too-new': { cause: '{0} was written as version {1}, this QEMU knows it up to {2}', cure: OTHER_VERSION },
  'too-old': { cause: '{0} was written as version {1}, this QEMU reads it from {2} on', cure: OTHER_VERSION },
  'stream-error-in-state': cut('device state'),
  'subsection-unknown': { cause: 'the device state has an optional part that this QEMU does not know', cure: '`mstream rewrite --drop-subsection NAME`, when the guest can do without; else a newer QEMU' },
  'validation-failed': damaged('{0}: a value is out of what the device allows'),
  equal: { cause: 'a value that must be the same on both sides is 0x{1} in the stream and 0x{0} at the destination', cure: 'start the destination with the same options for that device; or `mstream rewrite --set` the field' },
  'less-or-equal': damaged('{0} stands where at most {1} may stand'),
  'null-pointer': { cause: 'an element of a device is there on one side and missing on the other', cure: 'start the destination with the same devices and queues' },
  'gtree-inconsistent': damaged('a tree of {0} has another number of nodes than it says'),
  'section-type': { cause: 'at this place stands {0}, which begins no section: what came before was longer or shorter than the destination reads', cure: 'if it is 126 or 7: the sender wrote footers or a configuration and the destination expects none (-global migration.send-section-footer, send-configuration); else the device before has another layout: the same machine type on both sides' },
  'section-id': damaged('a part of section {0} comes before its beginning'),
  'section-type-cut': { cause: 'the stream ends before its end mark', cure: CUT },
  'id-string': cut('the name of a section, or the name is empty'),
  'section-header-cut': cut('the header of a section'),
  'section-id-cut': cut('the header of a section'),
  'no-handler': { cause: 'the destination has no device {0} (instance {1})', cure: 'add the device to the destination, in the same slot; or `mstream rewrite --drop-section {0}/{1}`; in another slot: `--rename-section`' },
  'section-version': { cause: 'section {1} was written as version {0}, this QEMU knows it up to {2}', cure: OTHER_VERSION },
  'footer-cut': cut('a section, or just before its end mark'),
  'footer-missing': { cause: 'device {0} has another layout at the destination: it reads more or fewer bytes than the stream has', cure: OTHER_VERSION },
  'footer-id': damaged('the end mark of {0} is that of another section'),
  'command-cut': cut('a command'),
  'command-unknown': { cause: 'the stream has a command 0x{0} that this QEMU does not know', cure: '0xb is SWITCHOVER_START of 10.0 and later: `mstream rewrite --drop-command SWITCHOVER_START`, or a source machine type of 9.2 or older' },
  'command-deprecated': { cause: 'the stream comes from a COLO source, which this QEMU no longer supports', cure: '`mstream rewrite --drop-command ENABLE_COLO`' },
  'command-length': damaged('command {0} has a wrong length'),
  'ping-no-return-path': { cause: 'the sender asks for an answer before it opened the way back', cure: '`mstream rewrite --drop-command PING`' },
  'advise-state': { cause: 'POSTCOPY_ADVISE comes twice', cure: SENDER },
  'advise-empty': { cause: 'the destination has postcopy-ram on, the sender only announces dirty bitmaps', cure: 'switch postcopy-ram off at the destination' },
  'advise-full': { cause: 'the stream was made with postcopy-ram on, the destination has it off', cure: 'switch postcopy-ram on at the destination; or `mstream rewrite --drop-command POSTCOPY_ADVISE`' },
  'advise-length': damaged('POSTCOPY_ADVISE has a wrong length'),
  'advise-page-sizes': { cause: 'the memory of source and destination is of different page sizes (0x{0} and 0x{1})', cure: 'the same hugepages on both sides; or drop POSTCOPY_ADVISE with `mstream rewrite --drop-command`' },
  'advise-target-page': { cause: 'source and destination have different target page sizes', cure: 'the same machine type on both sides' },
  'listen-state': { cause: 'postcopy begins without having been announced', cure: SENDER },
  'run-state': { cause: 'postcopy is to run without having begun', cure: SENDER },
  'discard-state': { cause: 'pages are discarded without postcopy having been announced', cure: SENDER },
  'discard-length': damaged('RAM_DISCARD has a wrong length'),
  'discard-version': damaged('RAM_DISCARD is of an unknown version'),
  'discard-id': damaged('RAM_DISCARD names no block'),
  'discard-nil': damaged('RAM_DISCARD has a byte where none belongs'),
  'discard-block': { cause: 'the destination has no RAM block {0}', cure: 'the same memory backends on both sides; or `mstream rewrite --rename-block {0}=NAME`' },
  'package-cut': cut('a package'),
  'colo-off': { cause: 'the stream comes from a COLO source', cure: 'switch x-colo on at the destination; or `mstream rewrite --drop-command ENABLE_COLO`' },
  'bitmap-name': damaged('RECV_BITMAP names no block'),
  'bitmap-length': damaged('RECV_BITMAP has a wrong length'),
  'bitmap-block': { cause: 'the destination has no RAM block {0}', cure: 'the same memory backends on both sides' },
  'bitmap-node-cut': cut('the name of a disk'),
  'bitmap-alias-cut': cut('the name of a bitmap'),
  'bitmap-twice': { cause: 'the destination’s disk already has a dirty bitmap {0}', cure: 'remove it (block-dirty-bitmap-remove)' },
  'bitmap-flags': damaged('a dirty bitmap has unknown flags'),
  'bitmap-large': damaged('a piece of a dirty bitmap is longer than any'),
  'bitmap-bits-cut': cut('a dirty bitmap'),
  'bitmap-granularity': damaged('the granularity of a dirty bitmap is no power of two: QEMU ends itself'),
  'never-ends': { cause: 'the stream puts the destination into a state that only a live source ends (postcopy, COLO): it waits for ever', cure: SENDER },
  'block-unknown': { cause: 'the destination has no RAM block "{0}"; an empty or garbled name means that the block list is of another layout (4.0 writes a byte more than later versions)', cure: 'the same memory backends and devices at the destination; or `mstream rewrite --rename-block`, `--drop-block`; for a garbled name `--to-dialect 4.1` or `--to-dialect 4.0`' },
  'block-not-migrated': { cause: 'the stream has pages of block {0}, which the destination maps shared and takes from its file', cure: 'destination: share=off for that backend, or x-ignore-shared off; or `mstream rewrite --externalize {0}=FILE`' },
  'block-length': { cause: 'block {0} is of 0x{1} bytes in the stream and of 0x{2} at the destination', cure: 'destination: the same -m, ROM files and display memory; a shorter length of 0 means that the stream ends here' },
  'block-too-large': { cause: 'block {0} is of 0x{1} bytes in the stream, the destination allows 0x{2}', cure: '`mstream rewrite --resize-block {0}=0x{2}`, if no pages lie beyond' },
  'block-page-size': { cause: 'block {0} has pages of {1} bytes at the destination and of {2} at the source', cure: 'the same hugepages on both sides' },
  'block-ignored': { cause: 'QEMU 4.0 wants block {0} mapped shared on both sides or on neither', cure: 'destination: share=on (clones then share the memory); or `mstream rewrite --ignored {0}=no` for share=off, `--ignored {0}=yes` for share=on' },
  'block-gpa': { cause: 'block {0} lies at {1} in the stream and at {2} at the destination', cure: 'the same -numa, -m and slots at the destination; or `mstream rewrite --set-address {0}={2}`; with share=off nobody compares it' },
  'mapped-header-cut': cut('the header of a block'),
  'mapped-version': { cause: 'the mapped-ram header is of a version that this QEMU does not know', cure: 'a newer QEMU' },
  'mapped-page-size': { cause: 'the mapped-ram header has another page size than the destination', cure: 'the same target page size on both sides' },
  'mapped-alignment': { cause: 'the pages of {0} are not aligned: the file was moved inside a container, or x-ignore-shared together with mapped-ram was read by a QEMU before 11.1', cure: 'read the file from its own beginning; or QEMU 11.1' },
  'mapped-bitmap': cut('the bitmap of a block'),
  'mapped-page': cut('the pages of {0}'),
  'mapped-outside': damaged('the bitmap of {0} names pages beyond its end'),
  'page-address-cut': cut('the RAM section'),
  'page-flags': { cause: 'no page record begins here (flags 0x{0})', cure: 'flags 0: the file ends too early; 0x200: MULTIFD_FLUSH of 8.1 and later, 0x100: compressed pages of before 9.1, which this QEMU does not read (`mstream rewrite --compact` makes plain pages of them); else the stream is damaged' },
  'page-flags-mapped': { cause: 'a page stands in the stream although mapped-ram is on at the destination', cure: 'switch mapped-ram off at the destination' },
  'page-compressed': { cause: 'what stands here would be a compressed page, and the destination has capability compress off: either so, or the block list is longer than its total says', cure: 'switch compress on at the destination; or `mstream rewrite --compact`' },
  'page-compressed-length': damaged('a compressed page is longer than any'),
  'page-no-block': damaged('the first page record names no block'),
  'page-unknown-block': { cause: 'there are pages for block "{0}", which the destination does not have', cure: 'the same memory backends at the destination; or `mstream rewrite --rename-block {0}=NAME`' },
  'page-offset': { cause: 'a page lies at 0x{0}, beyond the end of its block', cure: 'the block is longer at the source: the same sizes at the destination' },
  'page-fill': { cause: 'a page of one repeated byte ({0}) that is not zero: QEMU 8.2 and later do not take it', cure: '`mstream rewrite --compact` writes it as a whole page' },
  'xbzrle-encoding': damaged('a delta (XBZRLE) is of an unknown encoding'),
  'xbzrle-length': damaged('a delta (XBZRLE) is longer than a page'),
  'xbzrle-decode': damaged('a delta (XBZRLE) cannot be decoded'),
  'run-state-transition': { cause: 'the stream says that the VM was in state {0}, in which no VM can be loaded: QEMU ends itself', cure: '`mstream rewrite --set-bytes globalstate.runstate=…` to "paused"' },
  'enum-value': { cause: 'the stream says that the VM was in state "{0}", which this QEMU does not know', cure: '`mstream rewrite --drop-section globalstate`; the VM is then paused after loading' },
  'pci-config': { cause: 'byte 0x{0} of a device’s PCI configuration space is 0x{1} in the stream and 0x{2} at the destination, and the guest cannot have changed it: the devices differ (another model, revision, BAR size, number of MSI-X vectors)', cure: 'start the destination with the same properties for that device (vectors=, disable-modern=, the machine type)' },
  'pci-irq': damaged('an interrupt line of a PCI device is {0}; only 0 and 1 exist'),
  'cpu-fpregs': damaged('the FPU state is of a form that no QEMU of today writes'),
  'cpu-guest-mode': { cause: 'the CPU was running a nested guest, and the state of that is missing', cure: 'stop nested guests before saving' },
  'serial-tsr-empty': damaged('a serial port says that its transmitter is empty and busy'),
  'serial-tsr-full': damaged('a serial port says that its transmitter is neither empty nor busy'),
  'post-load-refused': { cause: 'the device does not accept its state', cure: 'start the destination with the same options for that device' },
  'virtio-queues': { cause: 'a virtio device has 0x{0} queues by the stream, more than there can be: what stands before is of another length (an MSI-X state that one side lacks)', cure: 'the same vectors= on both sides' },
  'virtio-queue-address': damaged('queue {0} of a virtio device is in use and has no address'),
  'virtio-queue-size': { cause: 'queue {0} of a virtio device has {1} entries in the stream, the destination allows {2}', cure: 'destination: queue-size={1} (or rx-queue-size, tx-queue-size) for that device' },
  'virtio-features': { cause: 'the guest uses virtio features (0x{0}) that the destination does not offer', cure: 'the same machine type, or switch the features on at the device' },
  'virtio-refused': { cause: 'the state of a virtio device does not fit the destination’s device', cure: 'the same vectors= and queues on both sides' },
};

/** With the values of the message put in. */
export function explain(id: TextId, values: readonly (string | number | bigint)[]): Explanation {
  const { cause, cure } = explanations[id] ?? { cause: `QEMU gives up here (${id})`, cure: DAMAGED };
  return { cause: filled(cause, values), cure: filled(cure, values) };
}

function filled(text: string, values: readonly (string | number | bigint)[]): string {
  return text.replace(/(0x)?\{(\d)\}/g, (_, hexadecimal: string | undefined, place: string) => {
    const value = values[Number(place)] ?? '?';
    return hexadecimal !== undefined && typeof value !== 'string' ? `0x${value.toString(16)}` : String(value);
  });
}
