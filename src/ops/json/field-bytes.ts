// Fields of a document to the bytes that they stand for, one behind the other: the mirror of devices/field-json.ts. A
// field says all that its bytes need, so no layout is asked for.

import { concatBytes, hexBytes } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { Emitter } from '../../bytes/emitter.js';
import { MAX_DOCUMENT_PAYLOAD } from '../../limits.js';
import { scalarNamed, type Scalar, type Value } from '../../vmstate/index.js';
import type { FieldValue } from '../devices/field-json.js';
import type { DocumentField } from './document.js';

/** @throws MigrationStreamError code `cannot-encode`, with the field's place in the document (`at` is the item's) */
export function fieldBytes(fields: readonly DocumentField[], at: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const [index, field] of fields.entries()) {
    const place = [...at, `fields[${index}]`, field.path];
    const part = bytesOf(field, place);
    length += part.length;
    if (length > MAX_DOCUMENT_PAYLOAD) throw bad(place, `a payload of more than ${MAX_DOCUMENT_PAYLOAD} bytes`);
    parts.push(part);
  }
  return concatBytes(parts);
}

function bytesOf(field: DocumentField, place: readonly string[]): Uint8Array {
  if (field.bytes !== undefined) return hexBytes(field.bytes);
  if (field.type === 'text') return textBytes(field, place);
  const scalar = scalarNamed(field.type ?? '');
  if (scalar === undefined) throw bad(place, `no type is called ${field.type}`);
  const values = field.values ?? [field.value ?? null];
  const bytes = new Uint8Array(values.length * scalar.size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    try {
      scalar.write(view, index * scalar.size, valueOf(scalar, value));
    } catch (error) {
      if (!(error instanceof MigrationStreamError)) throw error;
      throw bad(field.values === undefined ? place : [...place, `[${index}]`], error.message);
    }
  }
  return bytes;
}

function textBytes({ value, length }: DocumentField, place: readonly string[]): Uint8Array {
  if (typeof value !== 'string' || length === undefined) throw bad(place, 'a text is a string "value" with a "length"');
  if (length > MAX_DOCUMENT_PAYLOAD) throw bad(place, `a text of more than ${MAX_DOCUMENT_PAYLOAD} bytes`);
  if (value.length >= length) throw bad(place, `${value.length} characters, and a NUL, do not fit ${length} bytes`);
  if (/[^\u0001-\u00ff]/.test(value)) throw bad(place, 'characters from U+0001 to U+00FF only');
  const emitter = new Emitter(undefined, value.length);
  emitter.latin1(value);
  const bytes = new Uint8Array(length);
  bytes.set(emitter.bytes);
  return bytes;
}

/** What the scalar makes of a value that it cannot take is its own error. */
function valueOf(scalar: Scalar, value: FieldValue): Value {
  if (typeof value === 'number' && scalar.size === 8 && scalar.kind !== 'float' && !Number.isSafeInteger(value)) {
    throw bad([], `${value} is no exact number: write it as a string`);
  }
  if (typeof value !== 'string') return value;
  if (scalar.kind === 'float') {
    if (value === '-0') return -0;
    if (value === 'Infinity' || value === '-Infinity') return Number(value);
  }
  const match = /^(-?)(0x[0-9a-f]+|[0-9]+)$/i.exec(value);
  if (match === null) throw bad([], `"${value}" is no number`);
  return BigInt(match[2]!) * (match[1] === '-' ? -1n : 1n);
}

function bad(path: readonly string[], message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'cannot-encode', message, path });
}
