// What to try next, as a code with values. report/hints.ts has the words, because the words name options of the command
// line. The union is closed.

/** The values in the words of each hint that has values. */
export interface HintValues {
  // Inputs
  'read-as': { readonly layout: string };
  'same-by': { readonly program: string };
  install: { readonly program: string };
  'install-compressor': { readonly program: string };
  decompress: { readonly program: string };
  'trust-decompressed': { readonly program: string };
  extract: { readonly member: string };
  'memory-file-of': { readonly block: string };
  'name-state': { readonly names: string };
  'encode-document': { readonly file: string | undefined };
  'feed-lzma': { readonly file: string | undefined };
  // Refusals
  'say-ignored': { readonly block: string };
  'to-dialect': { readonly dialect: string };
  'drop-command-too': { readonly command: string };
  'pages-offset': { readonly offset: string };
  'name-instance': { readonly path: string };
  'file-backend': { readonly backend: string };
  // Edits that make a destination load the stream
  'rename-block': { readonly block: string };
  'drop-block': { readonly block: string };
  'resize-block': { readonly block: string; readonly size: string };
  'set-address': { readonly block: string; readonly address: string };
  'not-ignored': { readonly block: string };
  externalize: { readonly block: string };
  'same-memory': { readonly block: string; readonly name: string };
  'drop-subsection': { readonly subsection: string };
  'old-machine-or-drop-subsection': { readonly property: string; readonly subsection: string };
  machine: { readonly machine: string };
  'clear-capability': { readonly capability: string };
  'drop-section': { readonly section: string };
  'rename-section': { readonly section: string };
  'drop-command': { readonly command: string };
  'inspect-file': { readonly file: string };
}

/** Codes of hints without values. */
export type PlainCode =
  // Inputs
  | 'cut'
  | 'copy-cut'
  | 'damaged'
  | 'compressed-damaged'
  | 'damage-before'
  | 'payload-length'
  | 'vmdescription-of-file'
  | 'one-record-kind'
  | 'version-2'
  | 'page-size'
  | 'other-dialect'
  | 'choose-dialect'
  | 'force-dialect'
  | 'save-to-file'
  | 'spool'
  | 'spool-or-ignored'
  | 'replace'
  | 'pipe-into-stdin'
  | 'pipe-out-of-stdout'
  | 'document-schema'
  | 'schema-source'
  | 'ram-file'
  // Containers, and files without a stream
  | 'bare'
  | 'larger-volume'
  | 'give-xml'
  | 'print-xml'
  | 'file-or-bare'
  | 'checked-or-fresh-image'
  | 'fresh-image'
  | 'memory-map'
  | 'without-registers'
  | 'newer-libvirt'
  | 'newer-qcow2'
  | 'encrypted-qcow2'
  | 'check-qcow2'
  | 'name-member'
  | 'still-running'
  | 'magic'
  | 'cpr-state'
  | 'channel-of-pages'
  | 'memory-only'
  | 'memory-dump'
  | 'memory-file'
  | 'proxmox-backup'
  | 'android-snapshot'
  | 'preallocated'
  | 'domain-xml'
  | 'message-of-qemu'
  | 'only-description'
  // Refusals
  | 'force'
  | 'pages-elsewhere'
  | 'free-pages'
  | 'only-left-out'
  | 'addresses-by-dialect'
  | 'ignored-by-dialect'
  | 'schema-from'
  | 'list-sections'
  | 'save-without-compress'
  | 'destination-that-saves'
  | 'profile-again'
  | 'neutral-options'
  | 'make-template'
  | 'block-device'
  | 'plug-in-later'
  | 'leave-option-out'
  | 'capability-off'
  | 'share-on'
  | 'share-on-backend'
  | 'backend-of-node'
  // Commands and edits that help
  | 'verify'
  | 'verify-template'
  | 'inspect-whole'
  | 'inspect-blocks'
  | 'inspect-sections'
  | 'explain-state'
  | 'try-load'
  | 'ask-qemu'
  | 'transplant'
  | 'map-slirp'
  | 'edit-device'
  | 'set-field'
  | 'compact'
  | 'to-dialect-4.1'
  | 'to-dialect-of-name'
  | 'to-dialect-plain'
  | 'convert-dialect'
  | 'ignore-shared-dialect'
  | 'try-dialect'
  | 'older-release'
  | 'drop-globalstate'
  | 'drop-advise'
  | 'drop-live-commands'
  | 'drop-return-path'
  | 'drop-switchover-start'
  | 'drop-missing-device'
  | 'drop-pcihost'
  | 'rename-canonical'
  | 'no-uuid'
  | 'same-uuid'
  | 'footers-on'
  | 'footers-off'
  | 'memory-on-purpose'
  | 'check-memory'
  | 'give-memory'
  | 'schema-of-destination'
  | 'donor-with-section';

export type Hint =
  | { readonly code: PlainCode }
  | { readonly [C in keyof HintValues]: { readonly code: C } & HintValues[C] }[keyof HintValues];

export type HintCode = Hint['code'];

/** What makes a load succeed: words for QEMU's own options, or a hint. */
export type Cure = string | Hint;

/** A cure whose words, or whose values, went through `change`. */
export function mapCure(cure: Cure, change: (text: string) => string): Cure {
  if (typeof cure === 'string') return change(cure);
  const values = Object.entries(cure).map(([name, value]) => [name, typeof value === 'string' ? change(value) : value]);
  return Object.fromEntries(values) as Hint;
}
