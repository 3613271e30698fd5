// The exhaustiveness check for unions. Imports nothing.

/** Reached only when a union grew and a switch did not: a mistake of ours, never of the input. */
export function never(value: never): never {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
}
