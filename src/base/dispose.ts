// `await using` for everything with a `close`.

/// <reference lib="esnext.disposable" preserve="true" />

/** Older browsers have no such symbol; nobody can ask for it there. */
const asyncDispose: symbol = (Symbol.asyncDispose as symbol | undefined) ?? Symbol.for('Symbol.asyncDispose');

/** `target` itself, for which `await using` calls `close` from now on. */
export function disposableBy<T extends object>(target: T, close: () => Promise<void>): T & AsyncDisposable {
  return Object.defineProperty(target, asyncDispose, { value: close }) as T & AsyncDisposable;
}

/** `closable` itself, which `await using` closes from now on. */
export function disposable<T extends { close(): Promise<void> }>(closable: T): T & AsyncDisposable {
  return disposableBy(closable, () => closable.close());
}
