// Placeholder until the walkers are written.
import type { PayloadWalker } from '../stream/payload.js';
export const payloadWalkers: ReadonlyMap<string, PayloadWalker> = new Map();
