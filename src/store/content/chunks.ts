/** Bytes cut to size. */

/** Pieces of exactly that many bytes, but for the last. */
export async function* inChunks(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let held = 0;
  for await (const piece of source) {
    let rest = piece;
    while (held + rest.length >= size) {
      yield Buffer.concat([...waiting, rest.subarray(0, size - held)], size);
      rest = rest.subarray(size - held);
      [waiting, held] = [[], 0];
    }
    if (rest.length === 0) continue;
    waiting.push(rest);
    held += rest.length;
  }
  if (held > 0) yield Buffer.concat(waiting, held);
}
