// What a transplant does and how good that is, as a value: every difference between what the source says and what is
// written, each with a grade; the worst of them is the grade of the whole.

import type { Cure } from '../../base/hint.js';

/** From best to worst. */
export const grades = ['exact', 'assumed', 'lossy', 'impossible'] as const;

/**
 * exact: every value of the source is carried, nothing is added. assumed: something that the source never said takes
 * the destination's value. lossy: a value is lost. impossible: no QEMU would load it, or the guest would not run on.
 */
export type Grade = (typeof grades)[number];

export const differenceKinds = [
  /** An integer in more or in fewer bytes. */
  'widened',
  'narrowed',
  /** A buffer or an array that is longer at the destination, or shorter. */
  'padded',
  'cut',
  /** The same place, type and neighbours under another name. */
  'renamed',
  /** The same bytes, divided into other fields. */
  'regrouped',
  /** Stands at another place: PCI capabilities. */
  'moved',
  /** The destination's value is written. */
  'donor',
  /** The destination has it and the source does not: it is not written, and the destination keeps its own. */
  'left-out',
  /** The source has it and the destination does not. */
  'dropped',
  /** Source and destination cannot both be right. */
  'conflict',
  /** Nothing at hand says whether it fits. */
  'unchecked',
] as const;

export type DifferenceKind = (typeof differenceKinds)[number];

/** One thing that is not carried as it stands, or that could not be checked. */
export interface TransplantDifference {
  readonly kind: DifferenceKind;
  readonly grade: Grade;
  /** `DEVICE[/INSTANCE].path`, or what else it is about. */
  readonly path: string;
  /** In the source; undefined for what the source lacks. */
  readonly offset: number | undefined;
  /** The source's value, as text. */
  readonly before: string | undefined;
  /** What is written, or what the destination keeps. */
  readonly after: string | undefined;
  readonly why: string;
  /** The option of the destination's command line that would cure it. */
  readonly cure: Cure | undefined;
}

/** How the result was tried. */
export type Trial =
  | { readonly state: 'not-tried'; readonly why: string }
  | {
      readonly state: 'passed';
      readonly qemu: string;
      /** Values. */
      readonly compared: number;
      /** Of PCI devices, all where the source's base addresses put them, none over another. */
      readonly regions: number;
      readonly differences: readonly TrialDifference[];
    }
  | {
      readonly state: 'failed';
      readonly qemu: string;
      readonly words: string;
      readonly differences: readonly TrialDifference[];
    };

/** A field that the destination saved otherwise than it was given. */
export interface TrialDifference {
  readonly path: string;
  readonly given: string | undefined;
  readonly saved: string | undefined;
  /** The report had a difference at that path: no surprise. */
  readonly announced: boolean;
}

/** What no stream says of the CPU and the accelerator. */
export interface CpuAnswer {
  readonly grade: Grade;
  readonly source: string | undefined;
  readonly destination: string | undefined;
  /** Features that the source's CPU had and the destination's has not, as QEMU names them. */
  readonly missing?: readonly string[] | undefined;
  readonly why: string;
}

export interface TransplantReport {
  /** Of everything: state, CPU and trial. */
  readonly grade: Grade;
  /** Of what is written alone. */
  readonly state: Grade;
  readonly machine: { readonly source: string; readonly destination: string };
  /** Values of the source that are carried as they stand. */
  readonly copied: number;
  /** Sections of devices that are written. */
  readonly sections: number;
  /** At most MAX_DIFFERENCES. */
  readonly differences: readonly TransplantDifference[];
  /** All of them, kept or not, by grade. */
  readonly counts: Readonly<Record<Grade, number>>;
  readonly cpu: CpuAnswer;
  readonly trial: Trial;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export function worst(...all: readonly Grade[]): Grade {
  return grades[Math.max(0, ...all.map((grade) => grades.indexOf(grade)))]!;
}
