// `npm run campaign [-- --seed N] [--random N]`: every named case on every release and random cases of a fresh seed,
// too many for `npm test`. Writes test/campaign/agreement.txt, which is checked in. Imports test/e2e/agreement and
// qemu/lab.

import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLab } from '../../src/qemu/lab.js';
import { Library } from '../e2e/agreement/cases.js';
import { measure } from '../e2e/agreement/measure.js';
import { randomCases } from '../e2e/agreement/random.js';
import { disagreementsOf, summaryOf, tableOf } from '../e2e/agreement/score.js';
import { allNamedCases } from '../e2e/agreement/suite.js';

const { values } = parseArgs({ options: { seed: { type: 'string' }, random: { type: 'string', default: '1000' } } });
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const lab = await openLab({ progress: say });
const library = new Library(lab);
const started = performance.now();
const cases = [...(await allNamedCases(library)), ...(await randomCases(library, seed, Number(values.random)))];
say(`${cases.length} cases, seed ${seed}`);
const { results, profiles } = await measure(cases, library);
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const parted = disagreementsOf(results);
const text = [
  `Agreement campaign of ${new Date().toISOString().slice(0, 10)}, seed ${seed}, QEMU ${lab.map(({ version }) => version).join(', ')}.`,
  `${results.length} cases, ${profiles.count} destinations, ${minutes} minutes. Verdicts that agree of all cases, texts that are equal of all rejections.`,
  '',
  tableOf(results),
  '',
  summaryOf(results),
  '',
  ...(parted === '' ? [] : ['Where they part:', '', parted, '']),
].join('\n');
process.stdout.write(`${text}\n`);
await writeFile(join(import.meta.dirname, 'agreement.txt'), text);
