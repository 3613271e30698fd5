// The most memory that this process ever held, in bytes. getrusage's maxrss will not do: on Linux it begins with what
// the parent held at the fork.
import { readFileSync } from 'node:fs';

export function peakMemory(): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (line !== null) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
