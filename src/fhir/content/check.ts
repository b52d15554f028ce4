/** Whether content is what its type says: https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { HEAD, TAIL, kindOf, otherKind } from './kinds.ts';

/** Looks at content piece by piece; holds its first and last bytes only. */
export interface ContentCheck {
  take(piece: Buffer): void;
  /** What is wrong, for the caller; undefined when nothing is. */
  end(): string | undefined;
}

export function contentCheck(contentType: string): ContentCheck {
  const kind = kindOf(contentType);
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  let size = 0;
  return {
    take(piece) {
      size += piece.length;
      if (head.length < HEAD) head = Buffer.concat([head, piece.subarray(0, HEAD - head.length)]);
      tail =
        piece.length >= TAIL
          ? Buffer.from(piece.subarray(-TAIL))
          : Buffer.concat([tail, piece]).subarray(-TAIL);
    },
    end: () => {
      const ends = { head, tail, size };
      const said = `its type \`${contentType.slice(0, 64)}\``;
      if (kind !== undefined && !kind.fits(ends)) return `the content is no ${kind.name}, as ${said} says`;
      const other = otherKind(contentType, ends);
      return other === undefined ? undefined : `the content is ${other.name}, which ${said} doesn't say`;
    },
  };
}
