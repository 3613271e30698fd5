// Explanations of what QEMU says about header, configuration, sections and commands.

import {
  AGAIN,
  around,
  CUT,
  cut,
  DAMAGED,
  damaged,
  EDIT_DEVICE,
  EDITED,
  explanations,
  HUGE_PAGES,
  LIVE_ONLY,
  MISSING,
  row,
  SAME_ARGV,
  SAME_BACKEND,
  SAME_OPTIONS,
  VERIFY,
} from './row.js';

const postcopy = (meaning: string): ReturnType<typeof row> =>
  row(meaning, ['the stream was recorded from a postcopy migration, or edited by hand'], [LIVE_ONLY]);

export const streamExplanations = explanations({
  'not-a-migration-stream': row(
    'The file does not begin with "QEVM".',
    [
      'it is compressed, a qcow2, or a libvirt save image',
      'the wrong file, or nothing but an error message of the program behind exec:',
    ],
    [{ code: 'inspect-file', file: 'FILE' }],
  ),
  'version-2': row(
    'A stream of QEMU before 0.13.',
    ['a very old file'],
    ['no QEMU of today reads it: load it with that old QEMU'],
  ),
  'unsupported-version': damaged("The stream's version is not 3."),
  'expected-vmdescription': row(
    'Behind the end mark there is no vmdescription. QEMU goes on; nothing is lost.',
    [
      'the source had suppress-vmdesc=on, or the file ends there',
      'an end mark in the middle of a damaged stream: then devices are missing',
    ],
    [VERIFY],
  ),
  'load-failed': row(
    'The last line of every failed load: {error}. The reason stands before it, or behind it since 10.2.',
    [],
    ['the reason is in the lines before', { code: 'explain-state' }],
  ),
  'savevm-load-failed': around('loadvm or snapshot-load failed with errno {error}.', 'the lines before'),
  'pve-load-failed': around('The load of a state volume failed: {error}.', 'the lines before'),
  'loadvm-stream-error': cut('its last bytes'),
  'configuration-missing': row(
    'The destination wants a configuration section, and the stream has none.',
    ['the source had -global migration.send-configuration=off, or a machine type up to 2.3'],
    ['-global migration.send-configuration=off at the destination'],
  ),
  'machine-type': row(
    'The stream is of machine {received}, the destination is {local}.',
    ['another machine type, or "pc"/"q35", which mean another one in each release'],
    ['-M {received} at the destination, if it still has that', { code: 'machine', machine: '{local}' }],
  ),
  'target-page-bits': row(
    'Target pages of 2^{received} bytes in the stream, 2^{local} at the destination: pages cannot be cut anew.',
    ['another CPU or machine type (Arm)'],
    ['the same -M and -cpu'],
  ),
  'capability-mismatch': row(
    'Capability {capability} is {local} at the destination and was {received} at the source; both must be alike.',
    ['it was not set before migrate-incoming'],
    [
      '-incoming defer, then migrate-set-capabilities {capability}: {received}, then migrate-incoming',
      { code: 'ignore-shared-dialect' },
    ],
  ),
  'capabilities-invalid': around('A capability differs.', 'the line before'),
  'unknown-capability': row(
    'This QEMU is older than the capability {capability}.',
    ['the stream was made by a newer QEMU, with it on'],
    ['a newer QEMU, or a save with it off', { code: 'clear-capability', capability: '{capability}' }],
  ),
  'uuid-mismatch': row(
    'The source had validate-uuid on and -uuid {received}; the destination has {local}.',
    ['the wrong guest, or a clone with its own uuid'],
    ['-uuid {received} at the destination', { code: 'no-uuid' }],
  ),
  'uuid-not-set': row(
    'Only a warning: the stream carries a uuid, the destination was started without -uuid.',
    [],
    ['-uuid {received} if it should be checked'],
  ),
  'no-multifd-here': row(
    'multifd is on, and exec:, fd: and file: cannot do it. QEMU 7.2 then hangs.',
    ['capability multifd at the destination of a file'],
    ['switch multifd off'],
  ),
  'ignore-shared-postcopy': row(
    'x-ignore-shared and postcopy-ram exclude each other.',
    ['both are on'],
    ['switch one off'],
  ),
  'unknown-section-type': row(
    'A byte {type} where a section must begin.',
    [
      '126 or 7: the sender wrote footers or a configuration section, and the destination expects none',
      'the device before it has another layout here than at the source: more or fewer bytes were read',
      DAMAGED,
    ],
    [{ code: 'footers-off' }, SAME_ARGV, VERIFY],
  ),
  'unknown-section': row(
    'The stream has state for {idstr} (instance {instance}), and the destination has no such device.',
    [
      "a device of the source is missing on the destination's command line, or has another id, address or bus",
      'a newer QEMU wrote a section that this one does not know',
      'fewer CPUs (-smp) for cpu, apic',
    ],
    [
      SAME_ARGV,
      { code: 'drop-section', section: '{idstr}/{instance}' },
      { code: 'rename-section', section: '{idstr}/{instance}' },
    ],
  ),
  'unknown-section-id': damaged('A PART or END of section {id}, which no START opened here.', EDITED),
  'unsupported-section-version': row(
    '{idstr} has version {version} in the stream; this QEMU knows up to {local}.',
    ['the source is a newer QEMU, with a machine type that is newer too'],
    ['the same or a newer QEMU', 'an older machine type at the source', EDIT_DEVICE],
  ),
  'no-idstr': damaged('The header of section {id} has no readable name.', CUT),
  'instance-unreadable': cut('the header of a section'),
  'section-id-unreadable': cut('the header of a section'),
  'part-id-unreadable': cut('the header of a section'),
  'ram-not-on-xen': row(
    'On Xen the toolstack moves memory, not QEMU.',
    ['a stream with RAM under Xen'],
    ['xen-save-devices-state'],
  ),
  'device-state-error': around('It happened in the device {idstr}, instance 0x{instance}.'),
  'section-state-error': around('It happened in a later part of section {id} ({idstr}).', 'the line before'),
  'vmstate-version': around(
    "It happened in a section of version {version}; QEMU's function returned {errno}.",
    'the line before',
  ),
  'footer-missing': row(
    'Behind the state of {idstr} there is no end mark: its payload has another length here than at the source.',
    [
      '{idstr} has a field more or less in this version or with these options (docs/rewrite.md lists known ones, e.g. piix4_pm between 5.2 and 7.2)',
      'the source had send-section-footer=off',
      DAMAGED,
    ],
    [SAME_OPTIONS, EDIT_DEVICE, { code: 'footers-on' }],
  ),
  'footer-mismatch': row(
    'The end mark behind {idstr} belongs to section 0x{received}, expected 0x{expected}.',
    [DAMAGED, 'the device before read too much or too little'],
    [AGAIN, SAME_ARGV],
  ),
  'footer-unreadable': cut('a section, or just before its end mark'),
  'footer-error': around('The end mark of section {id} is wrong.', 'the line before'),
  'section-type-unreadable': row(
    'The stream ends where the next section must begin.',
    [CUT, 'the program behind exec: ended', DAMAGED],
    [AGAIN],
  ),
  'channel-error': row('The connection or file gave an error: {error}.', ['the stream ends too early'], [AGAIN]),
  'unknown-command': row(
    'MIG_CMD 0x{command} is unknown to this QEMU.',
    ['0xb is SWITCHOVER_START, which QEMU 10.0 and later write (machine types from 10.0)', DAMAGED],
    [{ code: 'drop-command', command: 'SWITCHOVER_START' }, 'a machine type up to 9.2 at the source'],
  ),
  'command-length': damaged('The command {command} has {length} bytes of payload, not {expected}.', EDITED),
  'command-unreadable': cut('a command'),
  'command-deprecated': row(
    'MIG_CMD 0x{command} is no longer supported (8 is ENABLE_COLO).',
    ['the source was a COLO primary'],
    [{ code: 'drop-command', command: 'ENABLE_COLO' }],
  ),
  'return-path-twice': row('Only a remark: the return path was opened twice.', [EDITED], ['none needed']),
  'return-path-failed': row(
    'The transport has no way back.',
    ['postcopy-ram or return-path over a one-way transport'],
    ['a socket'],
  ),
  'ping-without-return-path': row(
    'The stream asks for an answer, and nothing opened a way to give it.',
    ['OPEN_RETURN_PATH was dropped, PING was not'],
    [{ code: 'drop-command', command: 'PING' }],
  ),
  'advise-state': postcopy('POSTCOPY_ADVISE came twice, or too late.'),
  'advise-length': damaged('POSTCOPY_ADVISE with {length} bytes.'),
  'advise-empty': row(
    'The destination has postcopy-ram on; the source had it off, and only announces dirty bitmaps.',
    ['capabilities differ'],
    ['switch postcopy-ram off at the destination'],
  ),
  'advise-unexpected': row(
    'The source had postcopy-ram on, the destination has it off.',
    ['capabilities differ'],
    ['switch postcopy-ram on at the destination', { code: 'drop-advise' }],
  ),
  'advise-page-sizes': row(
    'The pages behind guest memory differ: 0x{received} at the source, 0x{local} here.',
    [HUGE_PAGES],
    [SAME_BACKEND, { code: 'drop-advise' }],
  ),
  'advise-target-page': row(
    'Target pages of {received} bytes at the source, {local} here.',
    ['another target or CPU'],
    [SAME_ARGV],
  ),
  'listen-state': postcopy('POSTCOPY_LISTEN came before POSTCOPY_ADVISE.'),
  'listen-twice': postcopy('POSTCOPY_LISTEN came twice.'),
  'run-state': postcopy('POSTCOPY_RUN came before POSTCOPY_LISTEN.'),
  'discard-state': postcopy('A discard came before POSTCOPY_ADVISE, or after POSTCOPY_LISTEN.'),
  'discard-length': damaged('A discard of {length} bytes.'),
  'discard-version': damaged('A discard of version {version}.'),
  'discard-name': damaged('A discard without the name of its block.'),
  'discard-nil': damaged('A discard whose name has no end.'),
  'discard-unknown-block': row(
    'A discard of block {block}, which the destination does not have.',
    [MISSING],
    [SAME_ARGV, { code: 'rename-block', block: '{block}' }],
  ),
  'discard-failed': around('It happened while pages of {block} were discarded.', 'the line before'),
  'packaged-too-large': damaged('A package of {length} bytes.'),
  'packaged-short': cut('a package: {received} of {length} bytes came'),
  'resume-illegal': row('Only a remark: a recovery command outside a recovery.', [EDITED], ['none needed']),
  'bitmap-only-recovery': row('Only a remark: a recovery command outside a recovery.', [EDITED], ['none needed']),
  'recv-bitmap-name': damaged('A recovery command without block name.'),
  'recv-bitmap-length': damaged('A recovery command of {length} bytes.'),
  'recv-bitmap-block': row(
    'A recovery command for block {block}, which is not here.',
    [DAMAGED, MISSING],
    [{ code: 'drop-command', command: 'RECV_BITMAP' }, SAME_ARGV],
  ),
  'colo-not-set': row(
    'The source was a COLO primary, and the destination is no COLO secondary.',
    ['x-colo is off at the destination'],
    [{ code: 'drop-command', command: 'ENABLE_COLO' }],
  ),
});
