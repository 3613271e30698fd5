// What people paste: QEMU's words in the carriers in which they meet them. Each shape must give the same explanation as
// the plain words, with the values whole and nothing of the carrier in them.
import { cureText } from '../../../../src/report/hints.js';
import { describe, expect, test } from 'vitest';
import { explain } from '../../../../src/ops/explain/explain.js';

const BLOCK = 'Unknown ramblock "mem0", cannot accept migration';
const LOAD = 'Failed to load virtio-net:virtio';
const DEVICE = "error while loading state for instance 0x0 of device '0000:00:02.0/virtio-net'";
const END = 'load of migration failed: Invalid argument';
const LINES = `qemu-system-x86_64: ${BLOCK}\nqemu-system-x86_64: ${DEVICE}\nqemu-system-x86_64: ${END}\n`;
const json = JSON.stringify;
const python = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n')}'`;
const entities = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/'/g, '&#39;').replace(/\n/g, '&#10;');

const shapes: readonly (readonly [name: string, text: string])[] = [
  ['plain', BLOCK],
  ['with the program', `qemu-system-x86_64: ${BLOCK}`],
  ['qemu-kvm', `qemu-kvm: ${BLOCK}`],
  ['kvm, as Proxmox calls it', `kvm: ${BLOCK}`],
  ['a log of libvirt', `2025-12-16T22:06:36.625034Z qemu-kvm: ${BLOCK}`],
  [
    'an error of virsh',
    `error: internal error: qemu unexpectedly closed the monitor: 2025-12-16T22:06:36.625034Z qemu-kvm: ${BLOCK}`,
  ],
  ['an error of libvirt with lines', `error: internal error: process exited while connecting to monitor: ${LINES}`],
  ['Windows line ends', `${BLOCK}\r\n`],
  ['colours of a terminal', `\u001b[31mqemu-kvm: ${BLOCK}\u001b[0m`],
  ['a quotation in a mail', `> > qemu-kvm: ${BLOCK}`],
  ['a code block', `    qemu-kvm: ${BLOCK}`],
  ['a table of Markdown', `| qemu-kvm: ${BLOCK} |`],
  ['journald', `Nov 28 04:00:00 host virtqemud[1234]: qemu-kvm: ${BLOCK}`],
  ['journald as JSON', json({ MESSAGE: `qemu-kvm: ${BLOCK}`, _PID: '1', PRIORITY: '3' })],
  ['a file of Docker', json({ log: `qemu-kvm: ${BLOCK}\n`, stream: 'stderr', time: '2025-12-16T22:06:36Z' })],
  ['CRI', `2025-12-16T22:06:36.6Z stderr F qemu-kvm: ${BLOCK}`],
  [
    'kubevirt',
    json({
      component: 'virt-launcher',
      level: 'info',
      msg: `2025-12-16T22:06:36.62Z qemu-kvm: ${BLOCK}`,
      pos: 'x.go:393',
    }),
  ],
  ['kubevirt, lines in one message', json({ level: 'error', reason: `migration failed: ${LINES}`, kind: '' })],
  ['an event of Kubernetes', json({ reason: 'Migrated', message: json({ error: `qemu-kvm: ${BLOCK}` }) })],
  ['JSON in JSON in JSON', json({ a: json({ b: json({ c: BLOCK }) }) })],
  ['libvirt for Go', `virError(Code=9, Domain=10, Message='internal error: ${BLOCK}')`],
  [
    'libvirt for Go, lines, in JSON',
    json({ msg: `virError(Code=9, Domain=10, Message='operation failed: ${LINES}')` }),
  ],
  ['logfmt', `time="2025-12-16T22:06:36Z" level=error msg=${json(`qemu-kvm: ${BLOCK}`)} subsystem=qemu`],
  ['Kata', `level=error msg="migration failed" error=${json(LINES)} name=containerd-shim-v2 pid=1`],
  ['Go %q alone', json(BLOCK)],
  ['Go %+v of an error', `rpc error: code = Unknown desc = ${json(LINES)}`],
  ['a raw string of Go', `error: \`${BLOCK}\``],
  ['QMP query-migrate', json({ return: { status: 'failed', 'error-desc': BLOCK } })],
  ['QMP, indented', `    "error-desc": ${json(BLOCK)},`],
  ['QMP error', json({ error: { class: 'GenericError', desc: `Error: ${BLOCK}` } })],
  ['a dict of Python', `{'status': 'failed', 'error-desc': ${python(BLOCK)}}`],
  ['an exception of Python', `libvirt.libvirtError: internal error: ${BLOCK}`],
  ['repr of an exception', `RuntimeError(${python(LINES)})`],
  ['bytes of Python', `stderr=b${python(LINES)}`],
  [
    'nova',
    `2025-12-16 22:06:36.625 7 ERROR nova.virt.libvirt.driver [None req-1 - - - -] [instance: 0-1] Live Migration failure: internal error: qemu unexpectedly closed the monitor: ${BLOCK}`,
  ],
  [
    'a fault of nova',
    json({
      fault: { code: 500, message: 'MigrationError', details: `Traceback\n  raise\nlibvirt.libvirtError: ${LINES}` },
    }),
  ],
  ['Ansible', `fatal: [host]: FAILED! => ${json({ changed: false, msg: `error: ${BLOCK}`, rc: 1 })}`],
  ['XML', `<message>${entities(`qemu-kvm: ${BLOCK}`)}</message>`],
  ['an attribute of XML with lines', `<error message="${entities(LINES)}"/>`],
  ['HTML', `<pre>${entities(LINES)}</pre>`],
  ['\\uXXXX', `{"msg":"Unknown ramblock \\u0022mem0\\u0022, cannot accept migration"}`],
  ['cut out of a string', json(LINES).slice(1, -1)],
  ['C with octal-free escapes', `printf("${BLOCK.replace(/"/g, '\\"')}\\n");`],
  ['YAML', `message: ${json(LINES)}`],
  // As pacemaker logs what virsh said (seapath/meta-seapath issue 25).
  [
    'pacemaker',
    `Nov 29 12:34:47 host pacemaker-execd[1005]:  notice: VM_migrate_to_0:5177:stderr [ error: internal error: ${BLOCK} ]`,
  ],
  [
    'pacemaker, lines',
    `Nov 29 12:34:47 host pacemaker-controld[1008]:  notice: host-VM_migrate_to_0:71 [ error: internal error: ${BLOCK}\\nocf-exit-reason:VM: live migration to other failed: 1\\n ]`,
  ],
];

/** Whole reports as they were made in public, names replaced: the carriers that nobody would invent. */
const reports: readonly (readonly [source: string, ids: readonly string[], text: string])[] = [
  [
    'sandia-minimega/minimega issue 847',
    ['unknown-ramblock', 'device-state-error'],
    `2017/01/31 14:17:34 ERROR kvm.go:647: kill qemu: exit status 1 QEMU waiting for connection on: disconnected:unix:/tmp/minimega/2/qmp,server
qemu-system-x86_64: Unknown ramblock "0000:00:04.0:01.0/e1000.rom", cannot accept migration
qemu-system-x86_64: error while loading state for instance 0x0 of device 'ram'
cat: write error: Broken pipe
qemu-system-x86_64: load of migration failed: Invalid argument
2017/01/31 14:17:34 DEBUG vm.go:626: updating vm 2 state: RUNNING -> ERROR`,
  ],
  [
    'autotest/tp-libvirt pull request 6121',
    ['footer-unreadable'],
    `Can not find the expected patterns 'domain is not running' in output 'Migration: [ 2.07 %]error: internal error: QEMU unexpectedly closed the monitor (vm='vm1'): 2025-01-09T18:20:49.709830Z qemu-kvm: check_section_footer: Read section footer failed: -5&#10;2025-01-09T18:20:49.710893Z qemu-kvm: load of migration failed: Invalid argument'`,
  ],
  // Lines that stand behind each other without anything between them.
  [
    'autotest/tp-libvirt pull request 4931',
    ['not-a-migration-stream'],
    `error: internal error: QEMU unexpectedly closed the monitor (vm='vm1'): 2023-06-05T09:56:55.516267Z qemu-kvm: Cannot read from TLS channel: Input/output error2023-06-05T09:56:55.516335Z qemu-kvm: Cannot read from TLS channel: Input/output error2023-06-05T09:56:55.516346Z qemu-kvm: Not a migration stream2023-06-05T09:56:55.516356Z qemu-kvm: load of migration failed: Invalid argument`,
  ],
];

describe('a report', () => {
  test.each(reports)('%s', (_, ids, text) => {
    const found = explain(text);
    expect(found.map(({ id }) => id)).toEqual(ids);
    for (const { text: words } of found) expect(words).not.toMatch(/&#10;|\d{4}-\d\d-\d\d|kvm\.go|tp-libvirt/);
  });
});

describe('a block of another name, pasted', () => {
  test('forty shapes and more', () => expect(shapes.length).toBeGreaterThanOrEqual(40));

  test.each(shapes)('%s', (_, text) => {
    const found = explain(text);
    const [block] = found.filter(({ id }) => id === 'unknown-ramblock' || /ramblock/.test(id));
    expect(block?.text).toBe(BLOCK);
    expect([...block!.causes, ...block!.cures.map(cureText)].join()).toContain('--rename-block mem0=');
    expect(found.map(({ id }) => id)).not.toContain('not-known');
  });

  test('a text that is open at its end stops where its carrier stops', () => {
    for (const carrier of [
      json({ msg: LOAD, pos: 'x' }),
      `msg=${json(LOAD)} pos=x`,
      `{'msg': ${python(LOAD)}, 'pos': 1}`,
    ]) {
      const [one] = explain(carrier);
      expect([one!.text, one!.meaning]).toEqual([LOAD, expect.stringMatching(/virtio-net:virtio\.$/)]);
    }
  });
});

describe('the line that gives the reason', () => {
  const ids = (text: string): string[] => explain(text).map(({ id }) => id);
  const vfio = `qemu-system-x86_64-lm: vfio_load_state: Error allocating buffer
qemu-system-x86_64-lm: error while loading state section id 49(vfio)
qemu-system-x86_64-lm: load of migration failed: Cannot allocate memory`;

  test('is told where no table knows it', () => {
    const [reason, where] = explain(vfio);
    expect([reason!.id, reason!.text]).toEqual(['not-known', 'vfio_load_state: Error allocating buffer']);
    expect(reason!.meaning).toBe('not known here; this line is the reason');
    expect(where!.meaning).toBe('It happened in the device "vfio", section 49.');
  });

  test('fields and device are one', () => {
    const [bad, where, ...rest] =
      explain(`qemu-kvm: get_pci_config_device: Bad config data: i=0x10 read: 21 device: 1 cmask: ff wmask: c0 w1cmask:0
qemu-kvm: Failed to load PCIDevice:config
qemu-kvm: Failed to load virtio-balloon:virtio
qemu-kvm: error while loading state for instance 0x0 of device '0000:00:08.0/virtio-balloon'
qemu-kvm: load of migration failed: Invalid argument`);
    expect([bad!.id, rest]).toEqual(['pci-config-data', []]);
    expect(where!.meaning).toBe(
      'It happened in the device "0000:00:08.0/virtio-balloon", instance 0, in PCIDevice:config, inside virtio-balloon:virtio.',
    );
    expect(bad!.cures.map(cureText).join()).toMatch(/qemu-4-0-config-size/);
    expect(bad!.bugs.map(({ id }) => id)).toEqual(['balloon-config-size']);
  });

  test('messages of KVM and of boards', () => {
    expect(
      ids(`Unexpected storage key data: 0
error while loading state for instance 0x0 of device 's390-skeys'
Error: Error -22 while loading VM state`),
    ).toEqual(['storage-key-flags', 'device-state-error']);
    expect(
      ids(`qemu-system-aarch64: kvm_arm_cpu_post_load Missing register in input stream: 0 0x6030000000160003 fw feat reg 3
qemu-system-aarch64: kvm_arm_cpu_post_load Unexpected register in input stream: 0 0x603000000013c103 op0:3 op1:0 crn:2 crm:0 op2:3
qemu-system-aarch64: error while loading state for instance 0x0 of device 'cpu'`),
    ).toEqual(['arm-register-missing', 'arm-register-unexpected', 'device-state-error']);
    for (const [text, id] of [
      ['qemu-kvm: error: failed to set MSR 0x202 to 0x0', 'kvm-msr'],
      [
        'warning: TSC frequency mismatch between VM (2903985 kHz) and host (2903991 kHz), and TSC scaling unavailable',
        'tsc-mismatch',
      ],
      ['qemu-kvm: Failed to set XSAVE: Invalid argument', 'kvm-xsave'],
      ['cap-xics higher level (1) in incoming stream than on destination (0)', 'spapr-capability-higher'],
      ['qemu-system-x86_64: qemu_prealloc_mem: preallocating memory failed: Bad address', 'prealloc-failed'],
    ] as const)
      expect(ids(text)).toContain(id);
  });

  test('errno as words and as a number', () => {
    for (const text of [
      'Error: Error -22 while loading VM state',
      'kvm: Error while loading VM state: Invalid argument',
    ])
      expect(explain(text)[0]!.meaning).toMatch(/does not fit this QEMU/);
  });

  test('an empty run state', () => {
    const text = `qemu-system-i386: invalid parameter value:
qemu-system-i386: error while loading state for instance 0x0 of device 'globalstate'`;
    expect(ids(text)).toEqual(['runstate-unknown', 'device-state-error']);
  });
});
