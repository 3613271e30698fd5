// The exhaustiveness check for unions.

/**
 * Reached only when a union grew and a switch did not grow with it: a bug of this package, never a fault of the input.
 */
export function never(value: never): never {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
}
