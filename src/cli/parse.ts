// yargs: from arguments to a command with its options, or to a text (help, version, completion). Nothing runs here and
// nothing is printed here.

import yargs, { type Argv } from 'yargs';
import { hideDashes, showDashes } from './args.js';
import type { Command, CommandEntry } from './command.js';
import { commands } from './commands.js';
import type { Host } from './host.js';
import { UsageError } from './usage-error.js';

export interface GlobalOptions {
  readonly color?: 'auto' | 'always' | 'never' | undefined;
  readonly noColor?: boolean | undefined;
  readonly noProgress?: boolean | undefined;
}

export type Parsed =
  | {
      readonly kind: 'command';
      readonly command: Command;
      readonly options: GlobalOptions;
      readonly rest: readonly string[];
    }
  | { readonly kind: 'text'; readonly text: string; readonly usageError: boolean };

const EVERYWHERE: readonly string[] = ['color', 'no-progress', 'version', 'help'];

/** Widest and narrowest help; a terminal in between decides. */
const HELP_WIDTH = { min: 60, max: 100 };

/** @throws UsageError */
export async function parseArgs(host: Host, table: readonly CommandEntry[] = commands): Promise<Parsed> {
  const args = hideDashes(host.args);
  const rest = args.indexOf('--');
  const named = table.filter((entry) => (rest < 0 ? args : args.slice(0, rest)).includes(entry.name));
  // A file may be called like a command: then one module too many is loaded, no more.
  const loaded = new Map(await Promise.all(named.map(async (entry) => [entry.name, await entry.load()] as const)));

  let known: readonly string[] = [];
  let parser = frame(host);
  for (const entry of table) {
    const command = loaded.get(entry.name);
    parser = parser.command(
      entry.usage,
      entry.summary,
      (subcommand) => {
        const declared = command === undefined ? subcommand : declare(subcommand, command);
        known = optionNames(declared);
        return declared;
      },
      (argv) => {
        throw new Chosen(command!, argv);
      },
    ) as Argv;
  }
  parser = parser.completion('completion', 'Print a completion script for bash, zsh or fish');
  if (args.length === 0) return { kind: 'text', text: await helpText(parser), usageError: true };

  let output = '';
  try {
    await parser.parseAsync(args, {}, (_error, _argv, text) => {
      output = text;
    });
  } catch (error) {
    if (error instanceof Chosen) return error.parsed;
    if (error instanceof UsageError) throw error;
    const entry = named[0];
    throw new UsageError(
      usageMessage(error, entry, unknownOption(args, known)),
      `mstream ${entry === undefined ? '' : `${entry.name} `}--help`,
    );
  }
  return { kind: 'text', text: `${output}\n`, usageError: false };
}

/** yargs misses the arguments first, and a mistyped option has swallowed one of them. */
function usageMessage(error: unknown, entry: CommandEntry | undefined, unknown: string | undefined): string {
  const message = showDashes(error instanceof Error ? error.message : String(error));
  if (entry === undefined || !message.startsWith('Not enough non-option arguments')) return message;
  return unknown === undefined ? `mstream ${entry.usage}: an argument is missing` : `Unknown option: ${unknown}`;
}

function unknownOption(args: readonly string[], known: readonly string[]): string | undefined {
  const rest = args.indexOf('--');
  const options = (rest < 0 ? args : args.slice(0, rest))
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.split('=')[0]!);
  return options.find((option) => !known.includes(option.slice(2)));
}

/** What yargs has but its types have not. */
interface Declared {
  getOptions(): {
    readonly key: Readonly<Record<string, unknown>>;
    readonly alias: Readonly<Record<string, readonly string[]>>;
  };
  getGroups(): Readonly<Record<string, readonly string[]>>;
}

function optionNames(parser: Argv): string[] {
  return Object.keys((parser as unknown as Declared).getOptions().key);
}

/** The command's own: no positionals, no second names, nothing that goes everywhere. */
function ownOptions(parser: Argv): string[] {
  const declared = parser as unknown as Declared;
  const unknown = [
    ...Object.values(declared.getOptions().alias),
    ...Object.values(declared.getGroups()),
    EVERYWHERE,
  ].flat();
  return optionNames(parser).filter((name) => !unknown.includes(name));
}

/**
 * How a handler hands over what was parsed. Thrown, because yargs renders the whole help after a handler that returns,
 * in case somebody asks for it: half of our start time.
 */
class Chosen extends Error {
  readonly parsed: Parsed;

  constructor(command: Command, argv: { readonly [key: string]: unknown }) {
    super();
    const rest = argv['--'];
    this.parsed = {
      kind: 'command',
      command,
      options: argv as GlobalOptions,
      rest: Array.isArray(rest) ? rest.map(String) : [],
    };
  }
}

async function helpText(parser: Argv): Promise<string> {
  return `${await parser.getHelp()}\n`;
}

function declare(parser: Argv, command: Command): Argv {
  const built = command.build(parser);
  let options = everywhere(built.group(ownOptions(built), 'Options:')).group([...EVERYWHERE], 'Everywhere:');
  for (const { args, text } of command.examples) options = options.example(`$0 ${args}`, text);
  return options;
}

/** Declared for each command behind its own, since yargs shows groups in the order in which they came. */
function everywhere(parser: Argv): Argv {
  return parser
    .option('color', {
      describe: 'Colours; NO_COLOR and FORCE_COLOR work too',
      choices: ['auto', 'always', 'never'] as const,
      defaultDescription: 'auto',
      requiresArg: true,
      global: false,
    })
    .option('no-color', { describe: 'The same as --color=never', type: 'boolean', hidden: true, global: false })
    .option('no-progress', { describe: 'No progress on stderr', type: 'boolean', global: false }) as Argv;
}

function frame(host: Host): Argv {
  const columns = host.stdout.columns ?? 80;
  const parser = yargs()
    .scriptName('mstream')
    .usage('$0 <command> [options]\n\nRead, check and edit QEMU migration streams.')
    .locale('en')
    .parserConfiguration({
      'populate--': true,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
      'dot-notation': false,
      'greedy-arrays': false,
    })
    .wrap(Math.max(HELP_WIDTH.min, Math.min(HELP_WIDTH.max, columns)))
    .version(host.version)
    .describe('version', 'Print the version')
    .help('help', 'Print this help')
    .alias('help', 'h')
    .demandCommand(1, 1, 'which command?', 'one command at a time')
    .strict()
    .recommendCommands()
    .epilogue(
      'Exit codes: 0 clean, 1 findings, 2 usage, 3 unreadable or damaged input, 4 QEMU failed, 5 output not written, 130 interrupted.',
    )
    .exitProcess(false)
    .fail(false) as Argv;
  return everywhere(parser);
}
