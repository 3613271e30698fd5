// The content of a migration stream in order: coarse events as objects, pages as runs. Every byte of the input is in
// the span of exactly one event. Events that only inform have empty spans.

import type { Span } from '../base/span.js';
import type { RamEvent } from '../ram/event.js';
import type { Configuration } from '../wire/configuration.js';
import type { SectionHeader, SectionKind } from '../wire/section.js';

/** How the end of a payload was found; the most trustworthy way comes first. */
export type Boundary =
  /** The format of the section gives its end. */
  | 'decoder'
  /** The vmdescription gives the length, and the footer follows. */
  | 'vmdescription'
  /** A search found the footer's five bytes, and the bytes after them make sense. A good guess. */
  | 'footer-scan';

export type StreamEvent =
  | RamEvent
  | { readonly kind: 'header'; readonly version: number; readonly span: Span }
  | { readonly kind: 'configuration'; readonly configuration: Configuration; readonly span: Span }
  | { readonly kind: 'section-open'; readonly type: SectionKind; readonly section: SectionHeader; readonly span: Span }
  /** Payload of a section other than "ram", in chunks. `bytes` is a loan; the last chunk may be empty. */
  | {
      readonly kind: 'payload';
      readonly section: SectionHeader;
      readonly boundary: Boundary;
      readonly bytes: Uint8Array;
      readonly last: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'section-close'; readonly section: SectionHeader; readonly footer: boolean; readonly span: Span }
  | { readonly kind: 'command'; readonly command: number; readonly payload: Uint8Array; readonly span: Span }
  /** Comes between a PACKAGED command and the end of its blob. The events of the blob's content come in between. */
  | { readonly kind: 'package-open'; readonly length: number; readonly span: Span }
  | { readonly kind: 'package-close'; readonly span: Span }
  | { readonly kind: 'eof'; readonly span: Span }
  /** `json` is an exact copy of the text; the text may be invalid JSON. */
  | { readonly kind: 'vmdescription'; readonly json: Uint8Array; readonly span: Span }
  /**
   * Behind the end of the stream: at most MAX_LOOK bytes of what follows, as a loan. `more`: something follows that is
   * not in `bytes`. Inside PACKAGED, where the blob's length says how much is left: all of it, in chunks.
   */
  | { readonly kind: 'trailing'; readonly bytes: Uint8Array; readonly more?: boolean; readonly span: Span }
  /** Something odd that does not stop the reading. */
  | {
      readonly kind: 'warning';
      readonly code: WarningCode;
      readonly message: string;
      readonly path: readonly string[];
      readonly span: Span;
    };

export type WarningCode =
  | 'no-vmdescription'
  | 'bad-vmdescription'
  | 'vmdescription-disagrees'
  | 'trailing-data'
  | 'eof-in-the-middle'
  | 'version-of-subsection';
