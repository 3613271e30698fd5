// A vitest reporter that ends the output with one plain line, `N passed, N failed, N skipped`, for people in a hurry
// and for machines. A file that could not be loaded and an error outside of any test count as a failure each.

import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `stray`: errors outside of any test, each one a failure. A test without an outcome was never run: skipped. */
export function countTests(modules: readonly Pick<TestModule, 'children' | 'errors'>[], stray: number): Counts {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  // Errors of a suite, a hook that threw for instance, leave its tests skipped, so they have to be counted themselves.
  const broken = modules.flatMap((module) => [
    ...module.errors(),
    ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
  ]);
  const count = (...wanted: readonly string[]): number => states.filter((state) => wanted.includes(state)).length;
  return {
    passed: count('passed'),
    failed: count('failed') + broken.length + stray,
    skipped: count('skipped', 'pending'),
  };
}

export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

export class ClosingLineReporter implements Reporter {
  private line = closingLine({ passed: 0, failed: 1, skipped: 0 });
  private watching = false;

  /** The run may still die before it has an outcome; then the line that was prepared above is the truth. */
  onInit(): void {
    if (this.watching) return;
    this.watching = true;
    process.on('exit', () => writeSync(1, `${this.line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly unknown[]): void {
    this.line = closingLine(countTests(modules, strayErrors.length));
  }
}
