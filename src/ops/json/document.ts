// The whole stream as one editable document: the shape that decode writes and encode reads, published as
// docs/schema/decode.json. Page records and mapped-ram areas are large, so they stand in a file beside it, byte for
// byte, and the document refers to them. check.ts holds a value against it.

import type { SectionKind } from '../../wire/section.js';
import type { LayoutName } from '../../wire/dialect.js';
import type { Boundary } from '../../stream/event.js';
import type { RamMark } from '../../ram/event.js';
import type { FieldJson } from '../devices/field-json.js';

/** Bytes in the RAM file. */
export interface RamReference {
  readonly at: number;
  readonly length: number;
}

/** Addresses are 0x strings, bytes hex, names one character a byte. */
export type DocumentItem =
  | { readonly kind: 'header'; readonly version: number }
  | {
      readonly kind: 'configuration';
      readonly machine: string;
      readonly subsections: readonly DocumentSubsection[];
    }
  | {
      readonly kind: 'section-open';
      readonly type: SectionKind;
      readonly sectionId: number;
      readonly idstr: string;
      readonly instanceId: number;
      readonly versionId: number;
    }
  | {
      readonly kind: 'ram-blocks';
      readonly layout: LayoutName;
      readonly targetPageSize: number;
      /** Left out: the sum of all lengths. */
      readonly total?: number;
      readonly flags: number;
      readonly continues: boolean;
      readonly blocks: readonly DocumentBlock[];
    }
  /** Page records as they stand, headers (and so block names) included. `records` is for reading only. */
  | { readonly kind: 'pages'; readonly ram: RamReference; readonly records?: Readonly<Record<string, number>> }
  | { readonly kind: 'mapped-area'; readonly block: number; readonly ram: RamReference }
  | {
      readonly kind: 'ram-mark';
      readonly mark: RamMark;
      readonly flags: number;
      readonly address: number;
      readonly targetPageSize: number;
    }
  /** `boundary` (how its end was found) is for reading only. */
  | { readonly kind: 'payload'; readonly boundary?: Boundary; readonly bytes: string }
  /** The same as fields, side by side from the first byte to the last. */
  | { readonly kind: 'payload'; readonly boundary?: Boundary; readonly fields: readonly DocumentField[] }
  | { readonly kind: 'section-close'; readonly footer: boolean }
  /** `name` is for reading only. PACKAGED: its payload follows from the blob behind it. */
  | { readonly kind: 'command'; readonly command: number; readonly name?: string; readonly payload: string }
  /** Around the blob of a PACKAGED command. */
  | { readonly kind: 'package-open' }
  | { readonly kind: 'package-close' }
  | { readonly kind: 'eof' }
  /** The JSON as text, exactly as it stands. */
  | { readonly kind: 'vmdescription'; readonly text: string }
  | { readonly kind: 'trailing'; readonly bytes: string };

/** One of value, values and bytes. Role, reason, label and meaning are for reading only. */
export type DocumentField = Omit<FieldJson, 'span'>;

export type DocumentSubsection =
  | { readonly kind: 'target-page-bits'; readonly version: number; readonly bits: number }
  | { readonly kind: 'capabilities'; readonly version: number; readonly names: readonly string[] }
  | { readonly kind: 'uuid'; readonly version: number; readonly uuid: string }
  | { readonly kind: 'unknown'; readonly version: number; readonly name: string; readonly bytes: string };

export interface DocumentBlock {
  readonly idstr: string;
  readonly usedLength: number;
  readonly pageSize?: number;
  readonly gpa?: string;
  readonly ignored?: number;
  readonly mapped?: {
    readonly version: number;
    readonly pageSize: number;
    readonly bitmapOffset: number;
    readonly pagesOffset: number;
  };
}

export interface DecodedDocument {
  readonly schemaVersion: 1;
  readonly kind: 'mstream-decode';
  /** What it was decoded from, for people. */
  readonly from?: string;
  /** Name of the file with page records; absent when the stream has none. Relative to the document. */
  readonly ram?: string;
  readonly items: readonly DocumentItem[];
}
