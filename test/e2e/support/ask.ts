// The destination of a transplant, asked as the command asks it.

import { join } from 'node:path';
import type { TransplantTarget } from '../../../src/ops/transplant/target.js';
import { targetOf } from '../../../src/ops/transplant/target.js';
import type { TrialPort } from '../../../src/ops/transplant/trial/trial.js';
import { askDestination } from '../../../src/qemu/ask/ask.js';
import { trialPort, type TrialOptions } from '../../../src/qemu/ask/trial-port.js';

export type AskedTarget = Pick<TransplantTarget, 'donor'> & TransplantTarget['options'] & { readonly trial: TrialPort };

/** `capabilities`: those that the source was saved with. Saves stand in `folder`. */
export async function askTarget(
  options: Omit<TrialOptions, 'donor' | 'timeoutMs' | 'capabilities'> & { readonly capabilities?: readonly string[] },
): Promise<AskedTarget> {
  const { binary, argv, folder, capabilities = [] } = options;
  const save = join(folder, 'donor');
  const destination = await askDestination(binary, argv, { timeoutMs: 60_000, saveTo: save });
  const { donor, options: known } = targetOf(destination);
  const trial = trialPort(destination, { binary, argv, folder, capabilities, donor: save, timeoutMs: 60_000 });
  return { donor, ...known, trial };
}
