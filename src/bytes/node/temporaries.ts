// Files that exist only while a sink is at work. Sinks enter their temporary files here; the signal handler removes the
// remaining files just before the process ends.

import { unlinkSync } from 'node:fs';

export class Temporaries {
  private readonly paths = new Set<string>();

  add(path: string): void {
    this.paths.add(path);
  }

  /** The file was moved to its final name, or is gone. */
  forget(path: string): void {
    this.paths.delete(path);
  }

  get count(): number {
    return this.paths.size;
  }

  /** Removes every file that is still entered. Synchronous, for signal handlers and exit handlers; never throws. */
  removeAll(): void {
    for (const path of this.paths) {
      try {
        unlinkSync(path);
      } catch {
        // Gone already, or out of reach: there is nothing more to do.
      }
    }
    this.paths.clear();
  }
}

/** The list of the process. File sinks use it by default; signal handlers call its `removeAll`. */
export const temporaries = new Temporaries();
