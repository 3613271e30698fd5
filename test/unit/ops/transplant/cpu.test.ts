// What is known of the source's CPU, held against the destination's: accelerator, model, features.
import { describe, expect, test } from 'vitest';
import { compareCpu, type DestinationCpu, type ToldCpu } from '../../../../src/ops/transplant/cpu.js';

const nothing: ToldCpu = { cpu: undefined, accelerator: undefined, features: undefined };
const here: DestinationCpu = {
  asked: undefined,
  model: 'qemu64',
  accelerator: 'tcg',
  features: ['cx16', 'lahf-lm', 'lahf_lm', 'sse4.1', 'svm'],
};

const answer = (told: Partial<ToldCpu>, destination: Partial<DestinationCpu> = {}): string => {
  const { grade, why } = compareCpu({ ...nothing, ...told }, { ...here, ...destination });
  return `${grade}: ${why}`;
};

describe('the source’s CPU against the destination’s', () => {
  test.each([
    [
      'nothing known',
      {},
      {},
      'assumed: the CPU model and the accelerator of the source stand in no stream; the destination is qemu64 under tcg',
    ],
    [
      'the model alone',
      { cpu: 'qemu64' },
      {},
      'assumed: the accelerator of the source stands in no stream; the destination is qemu64 under tcg',
    ],
    ['both, the same', { cpu: 'qemu64', accelerator: 'tcg' }, {}, 'exact: qemu64 under tcg, as at the source'],
    [
      'another accelerator',
      { cpu: 'qemu64', accelerator: 'kvm' },
      {},
      'impossible: saved under kvm, and the destination is tcg (-accel kvm at the destination)',
    ],
    [
      'another model',
      { cpu: 'max', accelerator: 'tcg' },
      {},
      'impossible: the source had max, the destination has qemu64: the guest may use what is not there (-cpu max at the destination)',
    ],
    [
      'another property',
      { cpu: 'max', accelerator: 'tcg' },
      { asked: 'max,-avx' },
      'impossible: the source had max, the destination has max,-avx: the guest may use what is not there (-cpu max at the destination)',
    ],
    [
      'the default, and the default',
      { cpu: null, accelerator: 'tcg' },
      {},
      'exact: the machine’s default CPU under tcg, as at the source',
    ],
    [
      'the default, and a named one',
      { cpu: null, accelerator: 'tcg' },
      { asked: 'max' },
      'assumed: the source had the machine’s default CPU, the destination has max',
    ],
    [
      'the host, twice',
      { cpu: 'host', accelerator: 'kvm' },
      { asked: 'host', accelerator: 'kvm' },
      'assumed: host is what a QEMU and its host can do: of that name alone nobody knows whether it is the same',
    ],
  ] as const)('%s', (_name, told, destination, expected) => {
    expect(answer(told, destination)).toBe(expected);
  });

  test('features known: what the destination lacks is impossible, whatever the model', () => {
    const features = ['avx', 'avx2', 'cx16', 'lahf-lm', 'sse4-1', 'sse4.1'];
    expect(answer({ cpu: 'qemu64', accelerator: 'tcg', features })).toBe(
      'impossible: the destination’s CPU, qemu64, lacks what the source’s had: avx, avx2',
    );
    expect(answer({ cpu: 'max', accelerator: 'tcg', features })).toBe(
      'impossible: the destination’s CPU, qemu64, lacks what the source’s had: avx, avx2 (-cpu max at the destination)',
    );
    expect(compareCpu({ cpu: 'max', accelerator: 'tcg', features }, here).missing).toEqual(['avx', 'avx2']);
  });

  test('features known, and none is missing', () => {
    const features = ['sse4-1', 'sse4_1', 'svm'];
    expect(answer({ cpu: 'host', accelerator: 'tcg', features }, { asked: 'host' })).toBe(
      'exact: host under tcg, as at the source, with every feature of it',
    );
    expect(answer({ cpu: 'qemu32', accelerator: 'tcg', features })).toBe(
      'assumed: the source had qemu32, the destination has qemu64, which has every feature of it',
    );
    expect(answer({ cpu: 'max', accelerator: 'tcg', features }, { asked: 'max,-avx' })).toBe(
      'exact: max under tcg, as at the source, with every feature of it',
    );
  });

  test('many are counted; a destination that does not say is asked by its name', () => {
    const features = Array.from({ length: 20 }, (_, i) => `bit-${String(i).padStart(2, '0')}`);
    expect(answer({ cpu: 'qemu64', accelerator: 'tcg', features })).toMatch(/bit-11 and 8 more$/);
    expect(answer({ cpu: 'qemu64', accelerator: 'tcg', features }, { features: [] })).toBe(
      'exact: qemu64 under tcg, as at the source',
    );
  });
});
