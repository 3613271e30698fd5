// QEMU's command line as a value: finds options, parses QEMU's `a,b=c,,d` parameters and writes them again. QEMU:
// util/keyval.c, util/qemu-option.c, system/vl.c.

/** A `name[,key=value...]` parameter; `name` is undefined where QEMU expects none. */
export interface Keyval {
  /** The first item when it has no `=`: a type, driver or path. */
  readonly name: string | undefined;
  readonly values: ReadonlyMap<string, string>;
}

/** An option of a command line with its parameter and its index. */
export interface OptionAt {
  readonly index: number;
  /** Without leading dashes. */
  readonly option: string;
  readonly value: string;
}

/** A value inside a parameter, with its commas doubled for QEMU. */
export function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Parses a parameter. A bare word after the first item is a switch: `x` becomes `x=on`; `nox` becomes `nox=on`. */
export function parseKeyval(parameter: string): Keyval {
  const items: string[] = [];
  let item = '';
  for (let i = 0; i < parameter.length; i += 1) {
    const char = parameter.charAt(i);
    if (char !== ',') item += char;
    else if (parameter.charAt(i + 1) === ',') {
      item += ',';
      i += 1;
    } else {
      items.push(item);
      item = '';
    }
  }
  items.push(item);
  const values = new Map<string, string>();
  let name: string | undefined;
  items.forEach((each, index) => {
    const equals = each.indexOf('=');
    if (equals !== -1) values.set(each.slice(0, equals), each.slice(equals + 1));
    else if (index === 0) name = each;
    else if (each !== '') values.set(each, 'on');
  });
  return { name, values };
}

/** The inverse of `parseKeyval`. */
export function formatKeyval(parameter: Keyval): string {
  const items = [...parameter.values].map(([key, value]) => `${key}=${escapeValue(value)}`);
  return [...(parameter.name === undefined ? [] : [escapeValue(parameter.name)]), ...items].join(',');
}

/** Every occurrence of the given options, in order. Names are without dashes: QEMU treats `-x` and `--x` alike. */
export function findOptions(argv: readonly string[], ...names: readonly string[]): OptionAt[] {
  const found: OptionAt[] = [];
  argv.forEach((word, index) => {
    const option = /^--?([A-Za-z].*)$/.exec(word)?.[1];
    if (option !== undefined && names.includes(option)) found.push({ index, option, value: argv[index + 1] ?? '' });
  });
  return found;
}

/** Whether a command line chooses its accelerator. */
export function choosesAccelerator(argv: readonly string[]): boolean {
  return (
    findOptions(argv, 'accel', 'enable-kvm').length > 0 ||
    findOptions(argv, 'M', 'machine').some(({ value }) => parseKeyval(value).values.has('accel'))
  );
}
