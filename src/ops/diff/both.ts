// Work on both sides at once. Where a side fails, the other side ends what it has begun: no read stays in flight.

/** @throws what the first of them that failed threw */
export async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
