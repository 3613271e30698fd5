// The table of commands, in the order of the help. A module is loaded only when its name is on the command line, so
// the table may grow without costing start time. May import types of its own folder, and commands/ lazily.

import type { CommandEntry } from './command.js';

export const commands: readonly CommandEntry[] = [
  {
    name: 'inspect',
    usage: 'inspect <state>',
    summary: 'What is this stream: who made it, what is in it, where',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
];
