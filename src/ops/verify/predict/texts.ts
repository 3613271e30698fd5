// QEMU's messages while it loads a stream, as data: by id, the wording of each range of versions, with the source it was read in.
// `%` places are those of printf; what they mean to a reader, and what helps, stands in causes.ts. Imports nothing.

/** A wording, and the version from which it is gone. */
type Wording = readonly [before: number, format: string];

const ALWAYS = Infinity;
const same = (format: string): readonly Wording[] => [[ALWAYS, format]];
/** Since 10.2 the errors of savevm.c and vmstate.c are one chain, in other words. */
const chained = (before: string, since: string): readonly Wording[] => [[100200, before], [ALWAYS, since]];

/** migration/savevm.c, vmstate.c, vmstate-types.c, ram.c of 4.0, 5.2, 7.2, 10.0; for 11.1 its strings, and runs. */
export const texts = {
  'not-a-stream': chained('Not a migration stream', 'Not a migration stream, magic: %x != %x'),
  'stream-v2': chained("SaveVM v2 format is obsolete and don't work anymore", 'SaveVM v2 format is obsolete and no longer supported'),
  'stream-version': chained('Unsupported migration stream version', 'Unsupported migration stream version, file version %x != %x'),
  'configuration-missing': chained('Configuration section missing', 'Configuration section missing, %x != %x'),
  machine: same("Machine type received is '%s' and local is '%s'"),
  'page-bits': same('Received TARGET_PAGE_BITS is %d but local is %d'),
  capability: same('Capability %s is %s, but received capability is %s'),
  'capabilities-invalid': same('Failed to validate capabilities'),
  'unknown-capability': same('Received unknown capability %s'),
  uuid: same('UUID received is %s and local is %s'),
  'too-new': same('%s: incoming version_id %d is too new for local version_id %d'),
  'too-old': chained('%s: incoming version_id %d is too old for local minimum version_id  %d', '%s: incoming version_id %d is too old for local minimum version_id %d'),
  'field-failed': same('Failed to load %s:%s'),
  'stream-error-in-state': same('Failed to load %s state: stream error: %d'),
  'element-failed': same('Failed to load element of type %s for %s'),
  'subsection-unknown': same("VM subsection '%s' in '%s' does not exist"),
  'subsection-failed': same("Loading VM subsection '%s' in '%s' failed: "),
  'cpu-fpregs': same('Unsupported old non-softfloat CPU state'),
  'cpu-guest-mode': same('vCPU set in guest-mode inconsistent with migrated kernel nested state'),
  'serial-tsr-empty': same('inconsistent state in serial device (tsr empty, tsr_retry=%d'),
  'serial-tsr-full': same('inconsistent state in serial device (tsr not empty, tsr_retry=0'),
  'ahci-dma': same('AHCI: DMA engine should be off, but status bit indicates it is still running.'),
  'ahci-fis': same('AHCI: FIS RX engine should be off, but status bit indicates it is still running.'),
  'post-load-refused': same(''),
  'virtio-queues': same('Invalid number of virtqueues: 0x%x'),
  'virtio-queue-address': same('VQ %d address 0x0 inconsistent with Host index 0x%x'),
  'virtio-queue-size': same('VQ %d vring.num %d exceeds allocated max %d'),
  'virtio-features': same('Features 0x%x unsupported. Allowed features: 0x%x'),
  'virtio-refused': same(''),
  'validation-failed': chained('Input validation failed: %s/%s', 'Input validation failed: %s/%s version_id: %d'),
  'post-load-failed': same('post load hook failed for: %s, version_id: %d, minimum_version: %d, ret: %d'),
  'post-load-because': same('post load hook failed for: %s, version_id: %d, minimum_version: %d: '),
  equal: same('%x != %x'),
  'less-or-equal': same('Invalid value %d expecting positive value <= %d'),
  'null-pointer': [[110000, 'vmstate: get_nullptr expected VMS_NULLPTR_MARKER'], [ALWAYS, 'Unexpected ptr marker: %d']],
  'element-too-new': same('%s too new'),
  'element-too-old': same('%s too old'),
  'gtree-inconsistent': same('%s inconsistent stream when loading the gtree'),
  'section-type': chained('Unknown savevm section type %d', 'Unknown section type %d'),
  'section-id': chained('Unknown savevm section %d', 'Unknown section %d'),
  'section-type-cut': same('Failed to load section ID: stream error: %d: '),
  'channel-error': same('Channel error: Input/output error'),
  'id-string': same('Unable to read ID string for section %u'),
  'section-header-cut': [[100200, 'qemu_loadvm_section_start_full: Failed to read instance/version ID: %d'], [ALWAYS, 'Failed to read instance/version ID: %d']],
  'section-id-cut': [[100200, 'qemu_loadvm_section_part_end: Failed to read section ID: %d'], [ALWAYS, 'Failed to read section ID: %d']],
  'no-handler': [
    [50000, "Unknown savevm section or instance '%s' %d. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices"],
    [100200, "Unknown savevm section or instance '%s' %u. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices"],
    [ALWAYS, "Unknown section or instance '%s' %u. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices"],
  ],
  'section-version': chained("savevm: unsupported version %d for '%s' v%d", "unsupported version %d for '%s' v%d"),
  'state-of-instance': chained("error while loading state for instance 0x%x of device '%s'", "error while loading state for instance 0x%x of device '%s': "),
  'state-of-section': same('error while loading state section id %d(%s)'),
  'old-style-failed': same('Failed to load vmstate version_id: %d, ret: %d'),
  'footer-cut': same('check_section_footer: Read section footer failed: %d'),
  'footer-missing': same('Missing section footer for %s'),
  'footer-id': same('Mismatched section id in footer for %s - read 0x%x expected 0x%x'),
  'footer-error': same('Section footer error, section_id: %d'),
  'vmstate-stream-error': same('Error while loading vmstate: stream error: %d'),
  'vmdescription-expected': same('Expected vmdescription section, but got %d'),
  'load-failed': chained('load of migration failed: %s', 'load of migration failed: %s: %s'),
  'command-cut': same('Failed to load VM process command: stream error: %d'),
  'command-unknown': same('MIG_CMD 0x%x unknown (len 0x%x)'),
  'command-deprecated': same('MIG_CMD 0x%x deprecated (len 0x%x)'),
  'command-length': same('%s received with bad length - expecting %u, got %d'),
  'return-path-open': same('CMD_OPEN_RETURN_PATH called when RP already open'),
  'ping-no-return-path': same('CMD_PING (0x%x) received with no return path'),
  'advise-state': same('CMD_POSTCOPY_ADVISE in wrong postcopy state (%d)'),
  'advise-empty': same('RAM postcopy is enabled but have 0 byte advise'),
  'advise-full': same('RAM postcopy is disabled but have 16 byte advise'),
  'advise-length': same('CMD_POSTCOPY_ADVISE invalid length (%d)'),
  'advise-page-sizes': same('Postcopy needs matching RAM page sizes (s=%x d=%x)'),
  'advise-target-page': same('Postcopy needs matching target page sizes (s=%d d=%d)'),
  'listen-state': same('CMD_POSTCOPY_LISTEN in wrong postcopy state (%d)'),
  'run-state': same('CMD_POSTCOPY_RUN in wrong postcopy state (%d)'),
  'discard-state': same('CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state (%d)'),
  'discard-length': same('CMD_POSTCOPY_RAM_DISCARD invalid length (%d)'),
  'discard-version': same('CMD_POSTCOPY_RAM_DISCARD invalid version (%d)'),
  'discard-id': same('CMD_POSTCOPY_RAM_DISCARD Failed to read RAMBlock ID'),
  'discard-nil': same('CMD_POSTCOPY_RAM_DISCARD missing nil (%d)'),
  'discard-block': [[110000, "ram_discard_range: Failed to find block '%s'"], [ALWAYS, "ram_discard_range: Failed to find block '%s'"]],
  'discard-failed': same('Failed to discard RAM range %s: %d'),
  'package-large': same('Unreasonably large packaged state: %u'),
  'package-cut': same('CMD_PACKAGED: Buffer receive fail ret=%d length=%u'),
  'colo-off': same('ENABLE_COLO command come in migration stream, but x-colo capability is not set'),
  'resume-illegal': same('loadvm_postcopy_handle_resume: illegal resume received'),
  'bitmap-name': chained('loadvm_handle_recv_bitmap: failed to read block name', 'failed to read block name'),
  'bitmap-length': chained('loadvm_handle_recv_bitmap: invalid payload length (%d)', 'invalid payload length (%d)'),
  'bitmap-block': chained("loadvm_handle_recv_bitmap: block '%s' not found", "block '%s' not found"),
  'bitmap-not-recovering': same('migrate_send_rp_recv_bitmap: MSG_RP_RECV_BITMAP only used for recovery'),
  'block-unknown': same('Unknown ramblock "%s", cannot accept migration'),
  'block-not-migrated': same('block %s should not be migrated !'),
  'block-length': [[50200, 'Length mismatch: %s: 0x%x in != 0x%x: Invalid argument'], [ALWAYS, 'Size mismatch: %s: 0x%x != 0x%x: Invalid argument']],
  'block-too-large': [[50200, 'Length too large: %s: 0x%x > 0x%x: Invalid argument'], [ALWAYS, 'Size too large: %s: 0x%x > 0x%x: Invalid argument']],
  'block-page-size': same('Mismatched RAM page size %s (local) %d != %d'),
  'block-ignored': same('RAM block %s should %s be migrated'),
  'block-gpa': same('Mismatched GPAs for block %s %d!= %d'),
  'mapped-header-cut': same('Could not read whole mapped-ram migration header (expected %d, got %d bytes)'),
  'mapped-version': same('Migration mapped-ram capability version not supported (expected <= %d, got %d)'),
  'mapped-page-size': same('Migration mapped-ram header has invalid page_size %d (expected %d)'),
  'mapped-alignment': same('Error reading ramblock %s pages, region has bad alignment'),
  'mapped-bitmap': same('Error reading dirty bitmap'),
  'mapped-page': same('(%s) failed to read page %xfrom file offset %x: %s'),
  'mapped-outside': same('page outside of ramblock %s range'),
  'page-address-cut': same('Getting RAM address failed'),
  'page-flags': [[50200, 'Unknown combination of migration flags: %#x'], [ALWAYS, 'Unknown combination of migration flags: 0x%x']],
  'page-flags-mapped': same('Unexpected RAM flags: %d'),
  'page-compressed': same('Received an unexpected compressed page'),
  'page-compressed-length': same('Invalid compressed data length: %d'),
  'page-no-block': same('Ack, bad migration stream!'),
  'page-unknown-block': same("Can't find block %s"),
  'page-offset': same('Illegal RAM offset %x'),
  'page-fill': same('Found a zero page with value %d'),
  'xbzrle-encoding': same('Failed to load XBZRLE page - wrong compression!'),
  'xbzrle-length': same('Failed to load XBZRLE page - len overflow!'),
  'xbzrle-decode': same('Failed to load XBZRLE page - decode error!'),
  'xbzrle-page': same('Failed to decompress XBZRLE page at %x'),
  'run-state-transition': same("invalid runstate transition: 'inmigrate' -> '%s'"),
  'enum-value': same('invalid parameter value: %s'),
  'pci-config': same('get_pci_config_device: Bad config data: i=0x%x read: %x device: %x cmask: %x wmask: %x w1cmask:%x'),
  'pci-irq': same('irq state %d: must be 0 or 1.'),
} as const satisfies Readonly<Record<string, readonly Wording[]>>;

export type TextId = keyof typeof texts;

/** The words of a message in that version. */
export function text(version: number, id: TextId, ...values: readonly (string | number | bigint)[]): string {
  const wording = texts[id].find(([before]) => version < before)![1];
  let next = 0;
  return wording.replace(/%(#?)([sdux])/g, (_, alternate: string, type: string) => printed(values[next++] ?? '', type, alternate === '#'));
}

/** Numbers are taken as they come: who wants 32 bits cuts them to 32 bits. */
function printed(value: string | number | bigint, type: string, alternate: boolean): string {
  if (typeof value === 'string') return value;
  if (type === 'x') return alternate && BigInt(value) !== 0n ? `0x${value.toString(16)}` : value.toString(16);
  return value.toString();
}
