// Codes for what a template should not carry into its clones, and for what no stream can say.

import { codes } from './finding.js';

export const noteCodes = codes({
  'cpu-model': {
    severity: 'note',
    explanation:
      'CPU model and features, accelerator and TSC frequency are in no stream and never checked: a save of -cpu max loads into -cpu qemu64 without a word, and the guest faults later.',
    cure: "start the destination with the -cpu of the source; a template's manifest records it",
  },
  'devices-only': {
    severity: 'note',
    explanation:
      'xen-save-devices-state writes the device state without guest memory. Only a VM that has this memory already can go on with it.',
    cure: 'keep the memory of the guest beside it (Xen: xl save does); a save that is whole comes from migrate',
  },
  'known-bug': {
    severity: 'warning',
    explanation:
      'A known bug or change of QEMU strikes between the releases that wrote this stream and the destination.',
    cure: 'see the text',
  },
  'mac-addresses': {
    severity: 'note',
    explanation: 'Guests keep the address that they have in memory: all clones of this state have the same.',
    cure: 'give each clone a network of its own, or set the address in the guest',
  },
  'vsock-cid': {
    severity: 'note',
    explanation: 'The CID is in the state; two clones with the same one cannot both be reached.',
    cure: 'guest-cid= of each clone must differ',
  },
  'no-vmgenid': {
    severity: 'note',
    explanation:
      'Without it clones cannot notice that they are clones: they share the state of their random generators.',
    cure: 'save the template with -device vmgenid,guid=auto',
  },
  clock: {
    severity: 'note',
    explanation: 'Clones wake with the clock of the moment of saving.',
    cure: 'set the time in the guest after loading (guest agent: guest-set-time)',
  },
});
