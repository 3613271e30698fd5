// Files that exist only while a sink is at work. Sinks enter theirs, and whoever handles signals removes what is left
// just before the process ends.

import { unlinkSync } from 'node:fs';

export class Temporaries {
  private readonly paths = new Set<string>();

  add(path: string): void {
    this.paths.add(path);
  }

  /** The file has become something else, or is gone. */
  forget(path: string): void {
    this.paths.delete(path);
  }

  get count(): number {
    return this.paths.size;
  }

  /** Removes every file that is still entered. Synchronous, for signal and exit handlers; never throws. */
  removeAll(): void {
    for (const path of this.paths) {
      try {
        unlinkSync(path);
      } catch {
        // Gone already, or out of reach: nobody can do more.
      }
    }
    this.paths.clear();
  }
}

/** The process's own: file sinks use it unless they are given another; signal handlers call its `removeAll`. */
export const temporaries = new Temporaries();
