// The words of every hint. A hint is a code with values (base/hint.ts); `{name}` in the words is a value of it.

import type { Cure, Hint, HintCode } from '../base/hint.js';
import { shellWord } from '../base/shell.js';

const words: Readonly<Record<HintCode, string>> = {
  cut: 'the file ends too early: was the migration cancelled, or the copy cut short?',
  'copy-cut': 'the file ends too early: was the copy cut short?',
  damaged: 'damaged?',
  'compressed-damaged': 'the compressed data is damaged or was cut short',
  'damage-before': 'damage before this place, or a device payload that is longer or shorter than described',
  'payload-length': 'the payload before it is longer or shorter than this reader believes',
  'vmdescription-of-file': 'a file instead of a pipe lets the vmdescription at its end be found',
  'one-record-kind': 'exactly one kind of record is allowed; damaged RAM, or another target page size or dialect',
  'version-2': 'version 2 was written before QEMU 0.13 and is refused by every QEMU since',
  'page-size': 'damaged; --page-size overrides it',
  'other-dialect': 'another dialect? `mstream inspect --dialect` overrides what was inferred',
  'choose-dialect': 'choose a layout with --dialect',
  'force-dialect': 'damaged, or a QEMU fork; --dialect forces a layout',
  'read-as': 'a QEMU with these capabilities reads it otherwise, and fails; --dialect {layout} reads it as it is',
  'save-to-file': 'save the stream to a file first',
  spool: 'give a file that is not compressed, or a folder for a temporary copy (--spool DIR)',
  'spool-or-ignored': 'give a file, --spool DIR, or --ignored BLOCK=yes|no for every block',
  replace: '--force replaces it',
  'pipe-into-stdin': 'pipe a stream into it (`zstd -dc state.zst | mstream inspect -`) or name a file',
  'pipe-out-of-stdout': 'send them into a file or a pipe: `> FILE`, `| PROGRAM`, or --output FILE',
  'document-schema': 'docs/schema/decode.json says what a document holds',
  'schema-source': 'a stream with a vmdescription, or a file that `qemu-system-… -M MACHINE -dump-vmstate FILE` wrote',
  'ram-file': '--ram FILE is the file of the page records',
  'same-by': '`{program}` says the same',
  install: '{program} decompresses this format; install it',
  'install-compressor': '{program} compresses this format; install it, or choose another format',
  decompress: 'decompress it first: `{program} -dc`',
  'trust-decompressed': 'if the file is trusted: `{program} -dc FILE | mstream inspect -`',
  extract: 'extract it first: `tar -xOf FILE {member}`',
  'name-state': 'name one: {names}',
  bare: '--bare writes the stream alone',
  'larger-volume': 'a larger volume, without --pad',
  'give-xml': 'give it with --xml',
  'print-xml': '`mstream inspect --print-xml --show-secrets` prints the domain XML of an image',
  'file-or-bare': '-o FILE, or --bare',
  'checked-or-fresh-image': '`qemu-img check -r all` of a copy, or --fresh-image',
  'fresh-image': '--fresh-image makes a new image, --bare writes the stream alone',
  'memory-map': 'give the addresses: --memory-map ADDRESS=BLOCK[+OFFSET][:LENGTH],…',
  'without-registers': 'without registers: --format raw or lime; --schema-from FILE gives layouts that a stream lacks',
  'memory-file-of': 'its memory file holds them: --memory {block}=FILE',
  'newer-libvirt': 'a newer libvirt wrote it, or it is damaged',
  'newer-qcow2':
    'a newer QEMU wrote the image; `qemu-img convert` of that QEMU can make an older one of the disk, without snapshots',
  'encrypted-qcow2': 'load the snapshot in a QEMU that has the key, and migrate it to a file',
  'check-qcow2': '`qemu-img check -r all` of a copy cuts them off',
  'encode-document': 'if `mstream decode` wrote it: `mstream encode {file}`',
  'name-member': 'name the member that is the state: --member NAME',
  'still-running': 'is the migration still running, or did it fail?',
  magic: 'a migration stream begins with "QEVM"',
  'cpr-state':
    'it lists file descriptors, which exist only between the two QEMUs; the migration stream is what the main channel got',
  'channel-of-pages': 'pages only: the stream itself is what the main channel got, the one that begins with "QEVM"',
  'memory-only': 'it holds guest memory, and no device state that a QEMU could load',
  'memory-dump':
    'it holds guest memory, and no device state that a QEMU could load; dump-guest-memory and `virsh dump --memory-only` write these',
  'memory-file': 'the file behind a memory backend holds RAM alone; the state is in the file that `migrate` wrote',
  'proxmox-backup': 'a backup holds disks and no state; the state of a snapshot is in its own volume, vm-ID-state-NAME',
  'android-snapshot':
    'the device state is a snapshot inside of the qcow2 images of the same AVD (userdata-qemu.img.qcow2#NAME)',
  preallocated: 'was it preallocated, and never written?',
  'domain-xml': 'a domain’s XML describes a VM; `virsh save` and `virsh managedsave` write its state',
  'message-of-qemu': 'a message where a stream should be: did the QEMU fail?',
  'only-description': 'it describes a stream, and stands at its end; the stream itself is what is needed',
  'feed-lzma': 'if a stream is inside: `{input} | mstream inspect -`',

  force: '--force writes it all the same',
  'pages-elsewhere':
    'left out on purpose (x-ignore-shared, free-page hints), or sent over another channel (multifd, postcopy)',
  'free-pages': 'after free-page hints that is as it should be: --force',
  'only-left-out': 'only a block that was left out can be inlined',
  'addresses-by-dialect': '--to-dialect 4.1 adds them',
  'ignored-by-dialect': '--to-dialect 4.0 together with --ignored gives it one',
  'say-ignored': '--ignored {block}=yes or =no says so',
  'to-dialect': '--to-dialect {dialect} changes both',
  'pages-offset': 'they stand at the absolute offset {offset}',
  'schema-from':
    '--schema-from FILE, a stream of the same QEMU and the same options, tells what they are (QEMU writes no vmdescription with suppress-vmdesc=on, or in postcopy)',
  'drop-command-too': '--drop-command {command} as well',
  'list-sections': '`mstream inspect --sections` lists them',
  'name-instance': 'name the instance, as in {path}, or put a * into the path to mean them all',
  'save-without-compress': 'load it once and save it without compress',
  'destination-that-saves':
    'a transplant needs a destination that can save itself: leave out the devices that keep it from that',
  'profile-again':
    'make the profile again, where the destination is: `mstream profile -o PROFILE.json -- qemu-system-…` and its options',
  'neutral-options': 'leave these options out: what is asked is what migration sees of the machine',
  'make-template': '`mstream template create` makes one',
  'block-device': 'put the files on a block device',
  'plug-in-later': 'use a block device; plug such devices into the clone after it runs',
  'leave-option-out': 'leave it out',
  'capability-off': 'leave the capability off',
  'file-backend': 'memory-backend-file,id={backend},share=on,mem-path=…',
  'share-on': 'share=on for the template; clones get share=off by themselves',
  'share-on-backend': 'leave it out, or give a memory-backend-file with share=on',
  'backend-of-node': 'give each node memdev= and a memory-backend-file with share=on',

  verify: '`mstream verify STATE` says what is wrong, and where',
  'verify-template': '`mstream verify TEMPLATE` compares state and memory file',
  'inspect-file': '`mstream inspect {file}` names what it is, and shows where it breaks',
  'inspect-whole': 'take the stream from its source again; `mstream inspect` shows what is whole before this place',
  'inspect-blocks': '`mstream inspect --blocks` lists them',
  'inspect-sections': '`mstream inspect --sections` shows how the end was found',
  'explain-state': '`mstream explain --state STATE` says where in the stream',
  'try-load': '--load tries it',
  'ask-qemu': 'ask that QEMU: `mstream verify STATE --against -- qemu-system-… ARGS`',
  transplant: '`mstream transplant` carries the state to a machine type that the destination has (docs/transplant.md)',
  'map-slirp':
    '`mstream transplant` maps them by order (`mstream inspect --sections` shows both); or one -netdev user less',
  'edit-device':
    '`mstream rewrite --delete-bytes`, `--append-bytes`, `--drop-subsection` for a field that is known (docs/rewrite.md, another QEMU version)',
  'set-field': '`mstream rewrite --set` gives the field the value that it has here',
  compact: '`mstream rewrite --compact` makes plain pages of all kinds',
  'to-dialect-4.1': '`mstream rewrite --to-dialect 4.1` makes 4.1 and later load it',
  'to-dialect-of-name': 'for a garbled name `mstream rewrite --to-dialect 4.1` (or 4.0 for that)',
  'to-dialect-plain': 'x-ignore-shared off at the destination, with `mstream rewrite --to-dialect plain`',
  'convert-dialect': '`mstream rewrite STATE -o NEW --to-dialect 4.1` (or 4.0) converts it',
  'ignore-shared-dialect':
    'for x-ignore-shared also an edit: `mstream rewrite --to-dialect plain` for a destination with it off, `--to-dialect 4.1` for one with it on',
  'try-dialect': 'a fork of QEMU, or capabilities that do not fit the list: `mstream inspect --dialect` tries a layout',
  'older-release': '`mstream rewrite`: --to-dialect, --drop-command SWITCHOVER_START, --machine',
  'rename-block': '`mstream rewrite --rename-block {block}=NEW`, if the block has another name there',
  'drop-block': '`mstream rewrite --drop-block {block}`, if the destination can do without',
  'resize-block': '`mstream rewrite --resize-block {block}=0x{size}`, if no pages lie beyond',
  'set-address': '`mstream rewrite --set-address {block}={address}`, if only the address differs',
  'not-ignored': '`mstream rewrite --ignored {block}=no` makes 4.0 load it with share=off (`=yes` with share=on)',
  externalize: '`mstream rewrite --externalize {block}=FILE` puts the pages into a memory file',
  'same-memory': 'one memory under two names? `mstream rewrite --rename-block {block}={name}`',
  'drop-subsection': '`mstream rewrite --drop-subsection {subsection}`, if the guest can do without',
  'old-machine-or-drop-subsection':
    'the machine type of the older release ({property}), or `mstream rewrite --drop-subsection {subsection}`',
  machine:
    '`mstream rewrite --machine {machine}` changes the name, not the devices: other edits may be needed (docs/rewrite.md)',
  'clear-capability': '`mstream rewrite --clear-capability {capability}`, if the bytes do not depend on it',
  'drop-section': '`mstream rewrite --drop-section {section}`, if the destination can do without',
  'rename-section': '`mstream rewrite --rename-section {section}=NEW`, if the device has another place there',
  'drop-command': '`mstream rewrite --drop-command {command}`',
  'drop-globalstate':
    '`mstream rewrite --drop-section globalstate`: the VM is paused, or runs, as the destination was told',
  'drop-advise':
    'postcopy-ram on at the destination; or, if the stream never went over to postcopy, postcopy-ram off there and `mstream rewrite --drop-command POSTCOPY_ADVISE`',
  'drop-live-commands':
    '`mstream rewrite --drop-command POSTCOPY_RAM_DISCARD --drop-command POSTCOPY_ADVISE`, or `--drop-command ENABLE_COLO`',
  'drop-return-path':
    '`mstream rewrite --drop-command OPEN_RETURN_PATH --drop-command PING` makes an ordinary file of it',
  'drop-switchover-start':
    '`mstream rewrite --drop-command SWITCHOVER_START`, or a machine type up to 9.2 at the source',
  'drop-missing-device':
    'take the stream from its source again; `mstream rewrite --drop-section` drops both when it is meant',
  'drop-pcihost':
    'the machine type of the older release at the source: it sets x-config-reg-migration-enabled=off; or `mstream rewrite --drop-section PCIHost`',
  'rename-canonical':
    'x-use-canonical-path-for-ramblock-id=off at the backend, or `mstream rewrite --rename-block OLD=NEW`',
  'no-uuid': '`mstream rewrite --uuid none`',
  'same-uuid': 'start the destination with the same -uuid, or `mstream rewrite --uuid none`',
  'footers-on':
    'where the source wrote no footers at all: -global migration.send-section-footer=off, or `mstream rewrite --section-footers on`',
  'footers-off':
    '-global migration.send-section-footer and send-configuration as at the source; or `mstream rewrite --section-footers off`',
  'memory-on-purpose': 'give its file with --memory if it is on purpose; else take the stream from its source again',
  'check-memory': '--memory BLOCK=FILE checks that file too',
  'give-memory': '--memory BLOCK=FILE',
  'schema-of-destination': '--schema with the -dump-vmstate of the destination says which subsections it knows',
  'donor-with-section': 'a donor that was saved with it, by --onto (dirty-bitmaps, … switched on for its save)',
};

/** One line. */
export function hintText(hint: Hint): string {
  const values: Readonly<Record<string, unknown>> =
    'file' in hint ? { ...hint, file: fileWord(hint.file), input: lzmaInput(hint.file) } : hint;
  return words[hint.code].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

export function cureText(cure: Cure): string {
  return typeof cure === 'string' ? cure : hintText(cure);
}

/**
 * A path as one word of a command line that is no option; FILE for standard input, and for a name that cannot be shown.
 */
function fileWord(file: string | undefined): string {
  if (file === undefined || /\p{C}/u.test(file)) return 'FILE';
  return shellWord(file.startsWith('-') ? `./${file}` : file);
}

function lzmaInput(file: string | undefined): string {
  const program = 'xz -dc --format=lzma';
  return file === undefined ? `… | ${program}` : `${program} ${fileWord(file)}`;
}
