// How a load ends: a refusal that travels up through QEMU's layers and collects their words, or no answer at all.

import type { Errno } from '../release/messages/index.js';
import type { PredictedVerdict } from './prediction.js';

/** A load that QEMU gives up. Thrown and caught inside the predictor only. */
export class Refusal extends Error {
  readonly errno: Errno;
  /** Links of the chain in the last line, outermost first: since 10.2, those of the layers so far. */
  readonly links: string[];

  constructor(errno: Errno, links: readonly string[] = []) {
    super(errno);
    this.name = 'Refusal';
    this.errno = errno;
    this.links = [...links];
  }
}

/** QEMU ends by a signal or waits for ever; or nobody here can tell what it does. */
export class Ending extends Error {
  readonly verdict: Exclude<PredictedVerdict, 'rejected' | 'loads'>;

  constructor(verdict: Ending['verdict']) {
    super(verdict);
    this.name = 'Ending';
    this.verdict = verdict;
  }
}
