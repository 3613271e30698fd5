// The table of commands, in the order of the help. A module is loaded only when its name is on the command line, so the
// table may grow without costing start time.

import type { CommandEntry } from './command.js';

export const commands: readonly CommandEntry[] = [
  {
    name: 'inspect',
    usage: 'inspect [state]',
    summary: 'Show what a stream contains, where it stands, and which QEMU wrote it',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'get',
    usage: 'get <state> <paths..>',
    summary: 'Print values of device state by path: registers, MACs, clocks, whole devices',
    load: async () => (await import('./commands/get.js')).getCommand,
  },
  {
    name: 'extract',
    usage: 'extract <state>',
    summary: 'Write guest memory as an ELF core, raw, LiME or a file for each block',
    load: async () => (await import('./commands/extract.js')).extractCommand,
  },
  {
    name: 'mem',
    usage: 'mem <state> <action> <words..>',
    summary: 'Read, find or translate guest memory by physical or virtual address',
    load: async () => (await import('./commands/mem.js')).memCommand,
  },
  {
    name: 'verify',
    usage: 'verify <states..>',
    summary: 'Check a state, and predict whether a given QEMU loads it',
    load: async () => (await import('./commands/verify.js')).verifyCommand,
  },
  {
    name: 'diff',
    usage: 'diff <a> <b>',
    summary: 'Compare two states: devices field by field, memory page by page',
    load: async () => (await import('./commands/diff.js')).diffCommand,
  },
  {
    name: 'stat',
    usage: 'stat <states..>',
    summary: 'Count zero pages, duplicates and pages that states share; estimate the size of other forms',
    load: async () => (await import('./commands/stat.js')).statCommand,
  },
  {
    name: 'explain',
    usage: 'explain [text..]',
    summary: 'Explain an error of QEMU: its meaning, causes and cures',
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
    summary: 'Write a stream as JSON for editing, with the page records in a file beside it',
    load: async () => (await import('./commands/decode.js')).decodeCommand,
  },
  {
    name: 'encode',
    usage: 'encode <document>',
    summary: 'Write the stream that a decoded document describes',
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
    summary: 'Write a state in another container: plain, mapped-ram, libvirt, qcow2, compressed',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  {
    name: 'template',
    usage: 'template <action> <dir>',
    summary: 'Make, show or check a VM template',
    load: async () => (await import('./commands/template.js')).templateCommand,
  },
  {
    name: 'clone',
    usage: 'clone <dir>',
    summary: 'Start clones of a template, each with its memory mapped privately',
    load: async () => (await import('./commands/clone.js')).cloneCommand,
  },
  {
    name: 'clone-test',
    usage: 'clone-test',
    summary: 'Prove by guest memory that a QEMU clones templates correctly',
    load: async () => (await import('./commands/clone-test.js')).cloneTestCommand,
  },
  {
    name: 'profile',
    usage: 'profile',
    summary: 'Record what a QEMU with its command line is, for checks on a machine without it',
    load: async () => (await import('./commands/profile.js')).profileCommand,
  },
];
