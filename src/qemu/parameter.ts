// A parameter of QEMU's command line, `a,b=c` or `{"driver": "a", "b": "c"}`, with one way to read and change both:
// -object, -device, -blockdev and others take both forms. QEMU: util/keyval.c, qapi/qobject-input-visitor.c.

import { formatKeyval, parseKeyval } from './argv.js';

/** A value to set; undefined removes the key. */
export type Setting = string | number | boolean | undefined;

export interface Parameter {
  /** Keys in order. They have dots where the text has them; for JSON they are the outermost keys only. */
  readonly keys: readonly string[];
  /** A scalar in keyval's spelling (`on`, `off`, digits); undefined when the key is missing or not a scalar. */
  get(key: string): string | undefined;
  /** Keeps the keys that `keep` accepts, then sets the settings. */
  changed(settings: Readonly<Record<string, Setting>>, keep?: (key: string) => boolean): string;
}

/** Reads a parameter. A first word without a key is the value of `implied`. @throws SyntaxError for invalid JSON */
export function parseParameter(text: string, implied: string): Parameter {
  return text.trimStart().startsWith('{') ? fromJson(text) : fromKeyval(text, implied);
}

function fromKeyval(text: string, implied: string): Parameter {
  const { name, values } = parseKeyval(text);
  const entries: [string, string][] = [...(name === undefined ? [] : [[implied, name] as [string, string]]), ...values];
  const known = new Map(entries);
  return {
    keys: [...known.keys()],
    get: (key) => known.get(key),
    changed: (settings, keep = () => true) => {
      const next = new Map([...known].filter(([key]) => keep(key)));
      for (const [key, value] of Object.entries(settings)) {
        if (value === undefined) next.delete(key);
        else next.set(key, plain(value));
      }
      const first = next.get(implied);
      if (first === undefined || name === undefined) return formatKeyval({ name: undefined, values: next });
      next.delete(implied);
      return formatKeyval({ name: first, values: next });
    },
  };
}

function fromJson(text: string): Parameter {
  const root: unknown = JSON.parse(text);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) throw new SyntaxError('no JSON object');
  const known = new Map<string, unknown>(Object.entries(root));
  return {
    keys: [...known.keys()],
    get: (key) => {
      let value: unknown = known.get(key);
      // `file.filename` of an inline child.
      const [outer = '', ...inner] = key.split('.');
      if (value === undefined && inner.length > 0)
        value = inner.reduce<unknown>(
          (at, path) =>
            typeof at === 'object' && at !== null && Object.hasOwn(at, path)
              ? (at as Record<string, unknown>)[path]
              : undefined,
          known.get(outer),
        );
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? plain(value)
        : undefined;
    },
    changed: (settings, keep = () => true) => {
      const next = new Map([...known].filter(([key]) => keep(key)));
      for (const [key, value] of Object.entries(settings)) {
        if (value === undefined) next.delete(key);
        else next.set(key, value);
      }
      return JSON.stringify(Object.fromEntries(next));
    },
  };
}

function plain(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}
