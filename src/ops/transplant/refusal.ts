// What a destination says when it refuses a transplant, as differences: which device, which features by name, which option
// would help. Found by QEMU's messages, not by devices. QEMU: virtio_load(), virtio_set_features_nocheck(),
// hw/virtio/virtio.c; get_pci_config_device(), hw/pci/pci.c; parse_ramblock(), migration/ram.c. May import vmstate and its own
// folder.

import { featureNames } from '../../vmstate/index.js';
import { cures } from './cures.js';
import type { TransplantDifference } from './report.js';

type Found = Pick<TransplantDifference, 'before' | 'after' | 'why' | 'cure'>;

const nothing: Pick<TransplantDifference, 'before' | 'after' | 'cure'> = { before: undefined, after: undefined, cure: undefined };

interface Message {
  readonly words: RegExp;
  /** `device`: what QEMU calls the device that it was loading, without its address. */
  explain(groups: readonly string[], device: string): Found;
}

const messages: readonly Message[] = [
  {
    words: /Features (0x[0-9a-f]+) unsupported\. Allowed features: (0x[0-9a-f]+)/,
    explain: ([wanted = '0', allowed = '0'], device) => {
      const missing = featureNames(device, BigInt(wanted) & ~BigInt(allowed)).join(', ');
      return { ...nothing, before: missing, why: 'the guest uses features that the destination does not offer', cure: cures.feature(missing) };
    },
  },
  {
    words: /VQ (\d+) vring\.num (0x[0-9a-f]+|\d+) exceeds allocated max (0x[0-9a-f]+|\d+)/,
    explain: ([queue, theirs = '0', mine]) => ({ before: theirs, after: mine, why: `queue ${queue} is longer than the destination’s`, cure: cures.queueSize(Number(theirs)) }),
  },
  {
    words: /VQ (\d+) size (0x[0-9a-f]+|\d+) Guest index (0x[0-9a-f]+|\d+) inconsistent with Host index (0x[0-9a-f]+|\d+)/,
    explain: ([queue, size, guest, host]) => ({ ...nothing, before: `${guest} of ${size}`, after: host, why: `the ring of queue ${queue} does not fit its memory` }),
  },
  {
    words: /Bad config data: i=0x([0-9a-f]+) read: ([0-9a-f]+) device: ([0-9a-f]+)/,
    explain: ([at = '', theirs, mine]) => ({ before: `0x${theirs}`, after: `0x${mine}`, why: `byte 0x${at} of the PCI configuration space is fixed at the destination${isBaseAddress(at) ? ' (a base address, of a larger region)' : ''}`, cure: cures.equal }),
  },
  {
    words: /Size mismatch: (.+?): (0x[0-9a-f]+) != (0x[0-9a-f]+)/,
    explain: ([block, theirs, mine]) => ({ before: theirs, after: mine, why: `RAM block ${block} has another length`, cure: cures.memory(Number(theirs)) }),
  },
  {
    words: /Size too large: (.+?): (0x[0-9a-f]+) > (0x[0-9a-f]+)/,
    explain: ([block, theirs, mine]) => ({ before: theirs, after: mine, why: `RAM block ${block} can grow to less than that`, cure: cures.firmware }),
  },
  { words: /Invalid number of virtqueues: (\S+)/, explain: ([count]) => ({ ...nothing, before: count, why: 'what stands before the queues has another length', cure: cures.noVectors }) },
  { words: /VM subsection '([^']+)' in '([^']+)' does not exist/, explain: ([part]) => ({ ...nothing, before: part, why: 'a subsection that the destination does not know', cure: cures.schema }) },
];

function isBaseAddress(hex: string): boolean {
  const at = Number.parseInt(hex, 16);
  return at >= 0x10 && at < 0x28;
}

/** What of QEMU's words is understood, and everything as it stands when nothing is. */
export function explainRefusal(words: string): TransplantDifference[] {
  const label = /error while loading state for instance (0x[0-9a-f]+) of device '([^']+)'/.exec(words);
  const instance = Number(label?.[1] ?? 0);
  const path = label === null ? 'the destination' : instance === 0 ? label[2]! : `${label[2]!}/${instance}`;
  const device = label?.[2]?.slice(label[2].lastIndexOf('/') + 1) ?? '';
  const common = { kind: 'conflict', grade: 'impossible', path, offset: undefined } as const;
  const found = messages.flatMap((message): TransplantDifference[] => {
    const match = message.words.exec(words);
    return match === null ? [] : [{ ...common, ...message.explain(match.slice(1), device) }];
  });
  return found.length > 0 ? found : [{ ...common, ...nothing, why: 'the destination refused to load it' }];
}
