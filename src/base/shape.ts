// Checks a parsed JSON value against a shape, piece by piece. It needs no schema library, and every complaint names its
// place. The caller chooses the error class of a complaint.

import { quote } from './quote.js';

/** Throws when `value` does not have the expected shape; `at` is the path of the value. */
export type Check = (value: unknown, at: readonly string[]) => void;

/** Makes the error for a value of the wrong shape. */
export type Complaint = (at: readonly string[], message: string) => Error;

type Members = Readonly<Record<string, Check>>;

function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `${quote(value.slice(0, 40))}…` : quote(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === undefined ? 'nothing' : Array.isArray(value) ? 'an array' : 'an object';
}

/** The building blocks of shapes. All of them complain through `bad`. */
export function checks(bad: Complaint) {
  const is =
    (what: string, test: (value: unknown) => boolean): Check =>
    (value, at) => {
      if (!test(value)) throw bad(at, `${what} is wanted here, not ${shown(value)}`);
    };

  const between = (low: number, high: number): Check =>
    is(
      `a whole number from ${low} to ${high}`,
      (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
    );
  const matching = (what: string, pattern: RegExp): Check =>
    is(what, (value) => typeof value === 'string' && pattern.test(value));
  const oneOf = (...values: readonly unknown[]): Check =>
    is(`one of ${values.join(', ')}`, (value) => values.includes(value));

  /** The given shape, or null. */
  const nullable =
    (check: Check): Check =>
    (value, at) => {
      if (value !== null) check(value, at);
    };

  const list =
    (each: Check): Check =>
    (value, at) => {
      if (!Array.isArray(value)) throw bad(at, `an array is wanted here, not ${shown(value)}`);
      value.forEach((element, i) => each(element, [...at.slice(0, -1), `${at.at(-1) ?? ''}[${i}]`]));
    };

  /** An object with exactly these members. */
  const object =
    (required: Members, optional: Members = {}): Check =>
    (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw bad(at, `an object is wanted here, not ${shown(value)}`);
      for (const name of Object.keys(required)) {
        if (!Object.hasOwn(value, name)) throw bad(at, `"${name}" is missing`);
      }
      for (const [name, member] of Object.entries(value)) {
        const check = Object.hasOwn(required, name)
          ? required[name]
          : Object.hasOwn(optional, name)
            ? optional[name]
            : undefined;
        if (check === undefined) throw bad(at, `nothing is called ${quote(name)} here`);
        check(member, [...at, name]);
      }
    };

  /** An object with members of any name. */
  const record =
    (each: Check): Check =>
    (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw bad(at, `an object is wanted here, not ${shown(value)}`);
      for (const [name, member] of Object.entries(value)) each(member, [...at, name]);
    };

  /** An object in which exactly one of these groups of members is complete. */
  const exactlyOne =
    (check: Check, groups: readonly (readonly string[])[]): Check =>
    (value, at) => {
      check(value, at);
      if (groups.filter((group) => group.every((name) => Object.hasOwn(value as object, name))).length === 1) return;
      throw bad(at, `one of these is wanted, and no two: ${groups.map((group) => group.join(' with ')).join(', ')}`);
    };

  /** A union of objects; the member "kind" tells which. */
  const kinds = (
    of: Readonly<Record<string, { required: Members; optional?: Members; either?: readonly (readonly string[])[] }>>,
  ): Check => {
    const shape = (kind: string, required: Members, optional: Members | undefined): Check =>
      object({ kind: oneOf(kind), ...required }, optional);
    const known = new Map(
      Object.entries(of).map(([kind, { required, optional, either }]) => [
        kind,
        either === undefined ? shape(kind, required, optional) : exactlyOne(shape(kind, required, optional), either),
      ]),
    );
    return (value, at) => {
      const kind: unknown =
        typeof value === 'object' && value !== null && Object.hasOwn(value, 'kind')
          ? (value as { kind: unknown }).kind
          : undefined;
      const check = typeof kind === 'string' ? known.get(kind) : undefined;
      if (check === undefined) throw bad(at, `"kind" is one of ${[...known.keys()].join(', ')}, not ${shown(kind)}`);
      check(value, at);
    };
  };

  return { is, between, matching, oneOf, nullable, list, object, record, exactlyOne, kinds };
}
