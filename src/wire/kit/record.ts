// Records: fields in wire order, some of them conditional. Decoding, encoding, size and description all come from one
// list of fields, so no room of wire/ counts bytes by hand.

import { cannotEncode } from '../../bytes/emitter.js';
import type { Window } from '../../bytes/window.js';
import type { Codec, ValueOf } from './codec.js';

/** A field that only some records have on the wire. */
export interface Conditional<T> {
  /** The codec of the field, chosen by the fields before it; undefined where the wire has no such field. */
  readonly select: (before: never) => Codec<T> | undefined;
  /** Every codec that `select` may choose. */
  readonly codecs: readonly Codec<T>[];
  /**
   * Tells whether the following bytes are this field, where no earlier field tells it. Then `select` always returns a
   * codec.
   */
  readonly ahead: ((window: Window) => boolean) | undefined;
}

/** A field that is present exactly when `present` is true for the fields before it. */
export function when<B, T>(present: (before: B) => boolean, codec: Codec<T>): Conditional<T> {
  return choose((before: B) => (present(before) ? codec : undefined), codec);
}

/** A field whose codec depends on the fields before it. `codecs` lists all codecs that `select` may return. */
export function choose<B, T>(select: (before: B) => Codec<T> | undefined, ...codecs: Codec<T>[]): Conditional<T> {
  return { select, codecs, ahead: undefined };
}

/** A field that is present exactly when the following bytes look like it. */
export function whenAhead<T>(ahead: (window: Window) => boolean, codec: Codec<T>): Conditional<T> {
  return { select: () => codec, codecs: [codec], ahead };
}

type Field = Codec<unknown> | Conditional<unknown>;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Conditional<unknown> ? K : never }[keyof F];

/** The decoded value of a record: a property for each field, an optional property for each conditional field. */
export type RecordOf<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: F[K] extends Conditional<infer T> ? T : never;
};

/**
 * Fields in wire order. `name` is the innermost part of an error's path; an empty name adds no part. The properties of
 * `head` come before the fields, both on the wire and in the value. `encode` throws `cannot-encode` where a field is
 * missing, or where a field is present although the fields before it exclude it.
 */
export function record<F extends Record<string, Field>, H extends object = object>(
  name: string,
  fields: F,
  head?: Codec<H>,
): Codec<H & RecordOf<F>> {
  type Value = Readonly<Record<string, unknown>>;
  const entries = Object.entries<Field>(fields).map(([key, field]) => ({
    key,
    field: conditional(field),
    fixed: !('select' in field),
  }));
  const choice = (field: Conditional<unknown>, value: Value): Codec<unknown> | undefined =>
    field.select(value as never);
  const largest = (field: Conditional<unknown>): number => Math.max(...field.codecs.map((codec) => codec.maxSize));
  return {
    decode(window) {
      const depth = name === '' ? undefined : window.enter(name);
      const value: Record<string, unknown> = head === undefined ? {} : { ...head.decode(window) };
      for (const { key, field } of entries) {
        if (field.ahead !== undefined && !field.ahead(window)) continue;
        const codec = choice(field, value);
        if (codec !== undefined) value[key] = codec.decode(window);
      }
      if (depth !== undefined) window.leave(depth);
      return value as H & RecordOf<F>;
    },
    encode(emitter, whole) {
      head?.encode(emitter, whole);
      const value = whole as Value;
      for (const { key, field, fixed } of entries) {
        const codec = field.ahead !== undefined && value[key] === undefined ? undefined : choice(field, value);
        if (codec === undefined && value[key] === undefined) continue;
        if (codec === undefined) throw cannotEncode(`${name} has no place for "${key}", by what stands before it`);
        if (value[key] === undefined)
          throw cannotEncode(`${name} needs "${key}"${fixed ? '' : ', by what stands before it'}`);
        codec.encode(emitter, value[key]);
      }
    },
    size(whole) {
      const value = whole as Value;
      let sum = head?.size(whole) ?? 0;
      for (const { key, field } of entries) {
        if (value[key] !== undefined) sum += choice(field, value)?.size(value[key]) ?? 0;
      }
      return sum;
    },
    maxSize: entries.reduce((sum, { field }) => sum + largest(field), head?.maxSize ?? 0),
    describe: () =>
      [
        ...(head === undefined ? [] : [head.describe()]),
        ...entries.map(({ key, field, fixed }) => {
          const texts = field.codecs.map((codec) => codec.describe());
          const text = `${key}: ${texts.length === 1 ? texts[0]! : texts.map((choice) => `(${choice})`).join(' or ')}`;
          return fixed ? text : `[${text}]`;
        }),
      ].join(', '),
  };
}

/** Every field in the conditional form, so that a record has one loop. */
function conditional(field: Field): Conditional<unknown> {
  return 'select' in field ? field : { select: () => field, codecs: [field], ahead: undefined };
}
