// Codes for what a stream says: configuration, commands, sections, tail.

import { codes } from './finding.js';

export const streamCodes = codes({
  'unknown-subsection': {
    severity: 'error',
    explanation:
      'QEMU refuses a configuration subsection that it does not know: "No such file or directory", and no word more.',
    cure: 'save with a QEMU that does not write it',
  },
  'subsection-version': {
    severity: 'error',
    explanation:
      'Every QEMU knows version 1 of this subsection, and refuses a later one: "incoming version_id … is too new".',
    cure: 'take the stream from its source again',
  },
  'unknown-capability': {
    severity: 'error',
    explanation: 'QEMU refuses a capability that it does not know: "Received unknown capability".',
    cure: { code: 'clear-capability', capability: 'NAME' },
  },
  'ignored-capability': {
    severity: 'note',
    explanation: 'QEMU compares x-ignore-shared and mapped-ram only. It knows this name and ignores it.',
    cure: 'none needed',
  },
  'machine-unnamed': {
    severity: 'warning',
    explanation:
      'QEMU compares only as many letters as the stream has: an empty or shortened machine name passes everywhere and protects nothing.',
    cure: { code: 'machine', machine: 'NAME' },
  },
  'no-configuration': {
    severity: 'note',
    explanation:
      'Without a configuration section only a QEMU with send-configuration=off loads this; nothing protects against a wrong machine type.',
    cure: 'start the destination with -global migration.send-configuration=off',
  },
  uuid: {
    severity: 'note',
    explanation:
      'The source had validate-uuid on. A destination with another -uuid refuses it, one without only warns; QEMU before 4.2 does not know the subsection.',
    cure: { code: 'same-uuid' },
  },
  'ram-version': {
    severity: 'error',
    explanation: 'The ram section has had version 4 in every QEMU that these tables cover; another one is refused.',
    cure: 'take the stream from its source again',
  },
  'ram-instance': {
    severity: 'error',
    explanation: 'There is one ram section, instance 0: QEMU says "Unknown savevm section or instance".',
    cure: 'take the stream from its source again',
  },
  'section-twice': {
    severity: 'warning',
    explanation:
      'QEMU loads the device twice; the last one wins. Only QEMU before 8.2 writes that, for two -netdev user (slirp).',
    cure: { code: 'map-slirp' },
  },
  'unknown-command': {
    severity: 'error',
    explanation: 'No QEMU knows this command: "MIG_CMD 0x… unknown".',
    cure: { code: 'drop-command', command: 'NUMBER' },
  },
  'command-length': {
    severity: 'error',
    explanation: 'QEMU knows how long this command is: "received with bad length".',
    cure: { code: 'drop-command', command: 'NUMBER' },
  },
  'ping-without-return-path': {
    severity: 'error',
    explanation:
      'QEMU answers a PING on the return path, which nothing opened: "CMD_PING received with no return path".',
    cure: { code: 'drop-command', command: 'PING' },
  },
  'postcopy-order': {
    severity: 'error',
    explanation:
      'Postcopy commands have one order: ADVISE, then discards, LISTEN, RUN. QEMU says "in wrong postcopy state"; 4.0 and 4.1 abort on RUN before LISTEN.',
    cure: 'take the stream from its source again',
  },
  'return-path': {
    severity: 'note',
    explanation:
      'The source expected answers (return-path or postcopy-ram). A file has nobody to send them to; every QEMU loads it all the same.',
    cure: { code: 'drop-return-path' },
  },
  'postcopy-advised': {
    severity: 'note',
    explanation:
      'The source had postcopy-ram on. A destination without says "RAM postcopy is disabled but have 16 byte advise".',
    cure: { code: 'drop-advise' },
  },
  'postcopy-went-over': {
    severity: 'warning',
    explanation:
      'The guest went on at the destination before its memory was there. Such a stream is a recording of a conversation: from a file nobody answers.',
    cure: 'save without postcopy for a file that can be loaded again',
  },
  colo: {
    severity: 'warning',
    explanation:
      'The source was a COLO primary. QEMU 4.0 to 7.2 take the command and let the guest run; 8.1 and later want x-colo on; 11.1 refuses it.',
    cure: { code: 'drop-command', command: 'ENABLE_COLO' },
  },
  'no-vmdescription': {
    severity: 'note',
    explanation:
      'QEMU never reads the JSON behind a stream. Without it nobody else can take the devices apart (suppress-vmdesc=on, or a postcopy stream).',
    cure: 'none needed for QEMU',
  },
  'vmdescription-disagrees': {
    severity: 'warning',
    explanation:
      'The JSON gives a device another length than it has here. QEMU does not read the JSON; either it is stale or the payload is damaged.',
    cure: { code: 'inspect-sections' },
  },
  'trailing-data': {
    severity: 'warning',
    explanation: 'QEMU does not read what stands behind the end of the stream.',
    cure: 'if it is not yours: was something appended to the file?',
  },
  'eof-in-the-middle': {
    severity: 'error',
    silent: true,
    explanation:
      'QEMU stops at the end mark, and says no more than "Expected vmdescription section": everything behind it is lost.',
    cure: 'take the stream from its source again',
  },
  'no-devices': {
    severity: 'error',
    silent: true,
    explanation:
      'QEMU has no list of the sections that must come: without any device it loads, and the guest is reset hardware over old memory.',
    cure: 'take the stream from its source again',
  },
  'device-missing': {
    severity: 'error',
    silent: true,
    explanation:
      'The JSON behind the stream lists a device that is not there. QEMU never notices: the device stays as after reset.',
    cure: { code: 'drop-missing-device' },
  },
  'device-extra': {
    severity: 'warning',
    explanation: 'A section that the JSON behind the stream does not list: put in by hand, or the JSON is stale.',
    cure: 'none needed if it is meant',
  },
  'device-order': {
    severity: 'error',
    silent: true,
    explanation:
      'The devices come in another order than the JSON behind the stream lists them: their names or instances were exchanged. QEMU loads each into whichever device the header names.',
    cure: 'take the stream from its source again',
  },
  'no-globalstate': {
    severity: 'note',
    explanation:
      'Without it the destination does not know whether the guest ran: it ends paused or running by its own rules.',
    cure: 'send `cont` after loading',
  },
  globalstate: {
    severity: 'error',
    explanation: 'The run state is none that a QEMU can be in: refused, or, with save-vm, every version aborts.',
    cure: 'take the stream from its source again',
  },
  versions: {
    severity: 'note',
    explanation:
      'What the bytes of this stream ask of the QEMU that loads it. Devices may ask for more: only a comparison with that QEMU tells.',
    cure: { code: 'ask-qemu' },
  },
  'no-release': {
    severity: 'error',
    explanation: 'Some of it only newer releases read, and some only older ones: no QEMU loads all of it.',
    cure: { code: 'older-release' },
  },
});
