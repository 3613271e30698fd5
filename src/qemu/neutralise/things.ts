// -object, -device, -chardev, -fsdev and -machine: the rule for each type. Data first. Types of objects outside the
// table are refused. Devices outside the table stay, because a device reaches the host only through the backends of
// other options.

import { parseParameter, type Parameter } from '../parameter.js';
import { memoryBackendOutcome } from './memory.js';
import { kept, type Outcome, type Rule, type RuleContext } from './rule.js';

type ByType = readonly {
  readonly type: RegExp;
  readonly outcome: Outcome | ((parameter: Parameter, context: RuleContext) => Outcome);
}[];

const refuse = (why: string): Outcome => ({ kind: 'refuse', why });
const drop = (why: string): Outcome => ({ kind: 'drop', why });

const objects: ByType = [
  { type: /^memory-backend-/, outcome: memoryBackendOutcome },
  { type: /^filter-/, outcome: drop('there is no traffic to filter, and some write files') },
  {
    type: /^(colo-compare|input-linux|input-barrier|can-host-.*|pr-manager-helper)$/,
    outcome: drop('it takes hold of something of the host'),
  },
  {
    type: /^(iothread|throttle-group|rng-.*|secret.*|tls-c.*|authz-.*|can-bus|cryptodev-backend(-builtin)?|thread-context|main-loop|acpi-generic-.*|cxl-.*)$/,
    outcome: kept,
  },
  {
    type: /^(sev-.*|tdx-.*|s390-pv-guest|pef-guest|arm-rme-.*)$/,
    outcome: refuse('a guest with encrypted memory cannot be asked like this'),
  },
  { type: /^dbus-vmstate$/, outcome: refuse('its section is made by another process, over D-Bus') },
  { type: /./, outcome: refuse('mstream does not know what this object does to the host') },
];

const devices: ByType = [
  { type: /^vfio-/, outcome: refuse('it is a device of the host') },
  {
    type: /^(vhost-|virtio-fs|ivshmem-doorbell|x-pci-proxy)/,
    outcome: refuse('its state is kept by another process or by the host kernel'),
  },
  {
    type: /^(usb-host|u2f-passthru|ccid-card-passthru|scsi-generic|scsi-block|igd-passthrough.*|xen-.*|pvrdma)$/,
    outcome: refuse('it reaches a device of the host'),
  },
  { type: /^(tpm-|usb-redir$)/, outcome: refuse('it needs the process behind its backend') },
  { type: /./, outcome: kept },
];

const fileSystems: ByType = [
  { type: /^synth$/, outcome: kept },
  {
    type: /^local$/,
    outcome: (fs, { temporaryFolder }) => ({
      kind: 'replace',
      words: [
        fs.changed({ path: temporaryFolder, security_model: 'none', readonly: true }, (key) =>
          /^(fsdriver|id|mount_tag|multidevs)$/.test(key),
        ),
      ],
      why: 'an empty folder is exported instead',
    }),
  },
  { type: /./, outcome: refuse('the file server is another process') },
];

function byType(table: ByType, key: string, what: string): Rule {
  return (option, value, context) => {
    let parameter: Parameter;
    try {
      parameter = parseParameter(value, key);
    } catch {
      return refuse('it cannot be read');
    }
    const type = parameter.get(key);
    if (type === undefined) return refuse(`it names no ${what}`);
    const found = table.find((entry) => entry.type.test(type))?.outcome ?? kept;
    const outcome = typeof found === 'function' ? found(parameter, context) : found;
    return outcome.kind === 'replace' && outcome.words.length === 1
      ? { ...outcome, words: [`-${option}`, ...outcome.words] }
      : outcome;
  };
}

export const objectRule = byType(objects, 'qom-type', 'type');
export const deviceRule = byType(devices, 'driver', 'model');
export const fsRule = byType(fileSystems, 'fsdriver', 'driver');

/** Keeps the number of connections it may have. */
export const chardevRule: Rule = (_option, value) => {
  try {
    const chardev = parseParameter(value, 'backend');
    if (chardev.get('backend') === 'null') return kept;
    return {
      kind: 'replace',
      words: ['-chardev', chardev.changed({ backend: 'null' }, (key) => /^(backend|id|mux)$/.test(key))],
      why: 'nobody is at its other end',
    };
  } catch {
    return refuse('it cannot be read');
  }
};

/** -serial, -parallel, -debugcon: the device stays plugged in; its connection to the host is cut. */
export const characterRule: Rule = (option, value) => {
  if (value === 'none' || value === 'null' || value.startsWith('chardev:')) return kept;
  return { kind: 'replace', words: [`-${option}`, 'null'], why: 'nobody is at its other end' };
};

export const audiodevRule: Rule = (_option, value) => {
  try {
    const id = parseParameter(value, 'driver').get('id');
    return {
      kind: 'replace',
      words: ['-audiodev', `none${id === undefined ? '' : `,id=${id}`}`],
      why: 'no sound is made',
    };
  } catch {
    return refuse('it cannot be read');
  }
};

/** With a model the option plugs in a device, which stays. */
export const audioRule: Rule = (_option, value) => {
  const audio = parseParameter(value, 'driver');
  return {
    kind: 'replace',
    words: ['-audio', audio.changed({ driver: 'none' }, (key) => /^(driver|model|id)$/.test(key))],
    why: 'no sound is made',
  };
};

export const machineRule: Rule = (option, value) => {
  const machine = parseParameter(value, 'type');
  if (machine.get('dumpdtb') === undefined) return kept;
  return {
    kind: 'replace',
    words: [`-${option}`, machine.changed({ dumpdtb: undefined })],
    why: 'dumpdtb writes a file and ends QEMU',
  };
};

export const overcommitRule: Rule = (_option, value) =>
  /mem-lock=(on|yes|true)/.test(value) ? drop('memory is not locked') : kept;

export const icountRule: Rule = (_option, value) =>
  /\brr=/.test(value) ? refuse('it records or replays a file') : kept;

export const setRule: Rule = (_option, value) =>
  /^(device|machine)\./.test(value)
    ? kept
    : refuse('it changes an option behind our back: give the value where the option stands');

export const usbdeviceRule: Rule = (_option, value) =>
  /^(tablet|mouse|keyboard|wacom-tablet|braille)$/.test(value) ? kept : refuse('it reaches a device of the host');
