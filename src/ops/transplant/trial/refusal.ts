// What a destination says when it refuses a transplant, as differences: which device, which features by name, which
// option would help. QEMU's words are those of ops/messages; no device is known by name.

import { vmsdNameOf } from '../../../base/idstr.js';
import { featureNames } from '../../../devices/index.js';
import { matchMessage, type MessageId } from '../../../release/messages/index.js';
import { cures } from '../merge/cures.js';
import type { TransplantDifference } from '../report.js';

type Found = Pick<TransplantDifference, 'before' | 'after' | 'why' | 'cure'>;

const nothing: Pick<TransplantDifference, 'before' | 'after' | 'cure'> = {
  before: undefined,
  after: undefined,
  cure: undefined,
};

/** By message; `device`: what QEMU calls the device that it was loading, without its address. */
const explanations: Partial<Record<MessageId, (values: Readonly<Record<string, string>>, device: string) => Found>> = {
  'virtio-features': ({ guest, allowed }, device) => {
    const missing = featureNames(device, BigInt(`0x${guest}`) & ~BigInt(`0x${allowed}`)).join(', ');
    const why = 'the guest uses features that the destination does not offer';
    // From 10.2 on the words name only those of the guest's that are offered.
    return missing === ''
      ? { ...nothing, why, cure: cures.feature('all that the guest uses') }
      : { ...nothing, before: missing, why, cure: cures.feature(missing) };
  },
  'virtio-ring-size': ({ queue, received, maximum }) => ({
    before: received,
    after: maximum,
    why: `queue ${queue} is longer than the destination’s`,
    cure: cures.queueSize(Number(received)),
  }),
  'virtio-host-index': ({ queue, size, guest, host }) => ({
    ...nothing,
    before: `0x${guest} of 0x${size}`,
    after: `0x${host}`,
    why: `the ring of queue ${queue} does not fit its memory`,
  }),
  'virtio-queue-count': ({ received }) => ({
    ...nothing,
    before: `0x${received}`,
    why: 'what stands before the queues has another length',
    cure: cures.noVectors,
  }),
  'pci-config-data': ({ at, read, device }) => ({
    before: `0x${read}`,
    after: `0x${device}`,
    why: `byte 0x${at} of the PCI configuration space is fixed at the destination${isBaseAddress(at!) ? ' (a base address, of a larger region)' : ''}`,
    cure: cures.equal,
  }),
  'size-mismatch': ({ block, received, local }) => ({
    before: `0x${received}`,
    after: `0x${local}`,
    why: `RAM block ${block} has another length`,
    cure: cures.memory(Number(`0x${received}`)),
  }),
  'size-too-large': ({ block, received, maximum }) => ({
    before: `0x${received}`,
    after: `0x${maximum}`,
    why: `RAM block ${block} can grow to less than that`,
    cure: cures.firmware,
  }),
  'unknown-subsection': ({ subsection }) => ({
    ...nothing,
    before: subsection,
    why: 'a subsection that the destination does not know',
    cure: cures.schema,
  }),
};

function isBaseAddress(hex: string): boolean {
  const at = Number.parseInt(hex, 16);
  return at >= 0x10 && at < 0x28;
}

/** What of QEMU's words is understood, and everything as it stands when nothing is. */
export function explainRefusal(words: string): TransplantDifference[] {
  const matches = matchMessage(words);
  const { idstr, instance } = matches.find(({ id }) => id === 'device-state-error')?.values ?? {};
  const number = Number(`0x${instance ?? '0'}`);
  const path = idstr === undefined ? 'the destination' : number === 0 ? idstr : `${idstr}/${number}`;
  const device = idstr === undefined ? '' : vmsdNameOf(idstr);
  const common = { kind: 'conflict', grade: 'impossible', path, offset: undefined } as const;
  const found = matches.flatMap(({ id, values }): TransplantDifference[] => {
    const explain = explanations[id];
    return explain === undefined ? [] : [{ ...common, ...explain(values, device) }];
  });
  return found.length > 0 ? found : [{ ...common, ...nothing, why: 'the destination refused to load it' }];
}
