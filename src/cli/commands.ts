// The table of commands, in the order of the help. A module is loaded only when its name is on the command line, so the
// table may grow without costing start time.

import type { CommandEntry } from './command.js';

export const commands: readonly CommandEntry[] = [
  {
    name: 'inspect',
    usage: 'inspect [state]',
    summary: 'What is this stream: who made it, what is in it, where',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'get',
    usage: 'get <state> <paths..>',
    summary: 'Values of device state by path: registers, MACs, clocks, whole devices',
    load: async () => (await import('./commands/get.js')).getCommand,
  },
  {
    name: 'extract',
    usage: 'extract <state>',
    summary: 'Guest memory as an ELF core, raw, LiME or a file for each block',
    load: async () => (await import('./commands/extract.js')).extractCommand,
  },
  {
    name: 'mem',
    usage: 'mem <state> <action> <words..>',
    summary: 'Guest memory by address, physical or virtual: read, find, translate',
    load: async () => (await import('./commands/mem.js')).memCommand,
  },
  {
    name: 'verify',
    usage: 'verify <states..>',
    summary: 'Is this state whole, and what would a QEMU say to it',
    load: async () => (await import('./commands/verify.js')).verifyCommand,
  },
  {
    name: 'diff',
    usage: 'diff <a> <b>',
    summary: 'What differs between two states: devices field by field, memory page by page',
    load: async () => (await import('./commands/diff.js')).diffCommand,
  },
  {
    name: 'stat',
    usage: 'stat <states..>',
    summary: 'What memory is made of: zero pages, duplicates, what states share, what other forms would take',
    load: async () => (await import('./commands/stat.js')).statCommand,
  },
  {
    name: 'explain',
    usage: 'explain [text..]',
    summary: 'What an error of QEMU means, why, and what to do about it',
    load: async () => (await import('./commands/explain.js')).explainCommand,
  },
  {
    name: 'rewrite',
    usage: 'rewrite <state>',
    summary: 'Edit a stream so that it loads: dialect, machine, blocks, sections, RAM in and out',
    load: async () => (await import('./commands/rewrite.js')).rewriteCommand,
  },
  {
    name: 'decode',
    usage: 'decode <state>',
    summary: 'A stream as JSON that can be edited, page records in a file beside it',
    load: async () => (await import('./commands/decode.js')).decodeCommand,
  },
  {
    name: 'encode',
    usage: 'encode <document>',
    summary: 'The stream that such a document describes',
    load: async () => (await import('./commands/encode.js')).encodeCommand,
  },
  {
    name: 'transplant',
    usage: 'transplant <state>',
    summary: 'Carry a saved VM to another QEMU version',
    load: async () => (await import('./commands/transplant.js')).transplantCommand,
  },
  {
    name: 'convert',
    usage: 'convert <state>',
    summary: 'The same state in another container: plain, mapped-ram, libvirt, qcow2, compressed',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  {
    name: 'template',
    usage: 'template <action> <dir>',
    summary: 'Make a VM template, show it, check it',
    load: async () => (await import('./commands/template.js')).templateCommand,
  },
  {
    name: 'clone',
    usage: 'clone <dir>',
    summary: 'Clones of a template, each with its memory mapped privately',
    load: async () => (await import('./commands/clone.js')).cloneCommand,
  },
  {
    name: 'clone-test',
    usage: 'clone-test',
    summary: 'Does a QEMU clone as it should? Proven by guest memory',
    load: async () => (await import('./commands/clone-test.js')).cloneTestCommand,
  },
  {
    name: 'profile',
    usage: 'profile',
    summary: 'What a QEMU with its command line is, asked without harm: for checks where it is not at hand',
    load: async () => (await import('./commands/profile.js')).profileCommand,
  },
];
