// Reads a command line from text in one of three forms: /proc/PID/cmdline, a JSON list, or a shell line as in libvirt's
// log. Also tells its CPU and accelerator. QEMU: configure_accelerators(), system/vl.c.

import { findOptions, parseKeyval } from './argv.js';

/** The words, with the executable first where the text has it; undefined for a text in none of the three forms. */
export function parseArgvText(text: string): readonly string[] | undefined {
  if (text.includes('\0')) return text.replace(/\0$/, '').split('\0');
  if (text.trimStart().startsWith('[')) return jsonWords(text);
  return shellWords(text);
}

function jsonWords(text: string): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? (words as string[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Divides words as a POSIX shell does; expansions ($x, `x`) stay unchanged. */
function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\\') {
      i += 1;
      if (text.charAt(i) !== '\n') word = (word ?? '') + text.charAt(i);
    } else if (char === "'" || char === '"') {
      const quoted = quotedPart(text, i);
      if (quoted === undefined) return undefined;
      word = (word ?? '') + quoted.part;
      i = quoted.end;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words.length === 0 ? undefined : words;
}

/** From a quote to the matching quote. */
function quotedPart(text: string, start: number): { readonly part: string; readonly end: number } | undefined {
  const mark = text.charAt(start);
  let part = '';
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === mark) return { part, end: i };
    if (mark === '"' && char === '\\' && /["\\$`\n]/.test(text.charAt(i + 1))) {
      i += 1;
      if (text.charAt(i) !== '\n') part += text.charAt(i);
    } else part += char;
  }
  return undefined;
}

export interface AskedCpu {
  /** The CPU with its properties; null: the machine's default. */
  readonly cpu: string | null;
  /** Undefined: one of several accelerators, or the default of the build. */
  readonly accelerator: string | undefined;
}

export function askedCpu(words: readonly string[]): AskedCpu {
  return { cpu: findOptions(words, 'cpu').at(-1)?.value ?? null, accelerator: askedAccelerator(words) };
}

function askedAccelerator(words: readonly string[]): string | undefined {
  const named = [
    ...findOptions(words, 'accel').map(
      ({ value }) => parseKeyval(value).name ?? parseKeyval(value).values.get('accel') ?? '',
    ),
    ...findOptions(words, 'M', 'machine').flatMap(({ value }) => parseKeyval(value).values.get('accel') ?? []),
    ...findOptions(words, 'enable-kvm').map(() => 'kvm'),
  ];
  const all = [...new Set(named.flatMap((names) => names.split(':')))];
  if (all.length > 0) return all.length === 1 ? all[0] : undefined;
  // A QEMU whose name ends in kvm tries KVM first; every other QEMU begins with tcg.
  const executable =
    words.find((word, i) => words.slice(0, i).every((earlier) => /^\w+=/.test(earlier)) && !/^\w+=/.test(word)) ?? '';
  return executable === '' || executable.startsWith('-') || executable.endsWith('kvm') ? undefined : 'tcg';
}
