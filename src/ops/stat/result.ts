// What the memory of saved states is made of, as a value. Sizes are bytes; pages are target pages.

import type { MigrationStreamError } from '../../base/errors.js';

/** Page records of one kind: how many, and the bytes that they take in the stream, headers included. */
export interface RecordCost {
  readonly kind: string;
  readonly records: number;
  readonly bytes: number;
}

export interface StateStat {
  readonly label: string;
  /** What ended the reading too early; the numbers are of what came before. */
  readonly error: MigrationStreamError | undefined;
  /** Bytes of the stream; undefined where the source does not say. */
  readonly size: number | undefined;
  readonly pageSize: number;
  /** Pages of all blocks. */
  readonly pages: number;
  /** Pages whose newest version is zero, and pages that are in no record. */
  readonly zero: number;
  readonly absent: number;
  /** Pages of blocks that the stream leaves out, when no memory file was given. */
  readonly leftOut: number;
  /** Pages with content. */
  readonly data: number;
  /** Different contents among them. */
  readonly distinct: number;
  /** Contents that another of the given states has, too. */
  readonly shared: number;
  /** Bytes that a page takes when it is compressed, as a share of the page; undefined without data. */
  readonly compressed: number | undefined;
  /** Pages that were compressed to know that. */
  readonly sampled: number;
  readonly records: readonly RecordCost[];
  /** Records of pages that came again later. */
  readonly resent: number;
  /** What the pages would take in other forms. */
  readonly forms: {
    /** Bytes of all records now. */
    readonly now: number;
    /** Each page once: `rewrite --compact`. */
    readonly compact: number;
    /** mapped-ram: pages at their places, holes for zeros. */
    readonly mapped: number;
    /** Each page once, compressed. */
    readonly compressed: number | undefined;
    /** Each content once. */
    readonly deduplicated: number;
  };
}

export interface Stat {
  readonly states: readonly StateStat[];
  /** Contents in all states together. */
  readonly distinct: number;
  /** Contents that are in every state. */
  readonly inAll: number;
  /** Pages with the same content at the same address in every state: what a template would hold for all of them. */
  readonly template: number;
  /** A content in the sample stands for so many; 1: the numbers are exact. */
  readonly weight: number;
}
