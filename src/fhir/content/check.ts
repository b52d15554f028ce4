/** Whether content is what its type says: https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { HEAD, TAIL } from './ends.ts';
import { bare, kindOf, otherKind, typesTaken } from './kinds.ts';
import type { Taken } from './taken.ts';

/** Looks at content piece by piece; holds its first and last bytes only. */
export interface ContentCheck {
  /** Why nothing of this type is taken; undefined when something may be. */
  refusal: string | undefined;
  take(piece: Buffer): void;
  /** What is wrong, for the caller; undefined when nothing is. */
  end(): string | undefined;
}

export function contentCheck(contentType: string, taken: Taken): ContentCheck {
  const type = bare(contentType);
  const kind = kindOf(type, taken);
  const said = `its type \`${contentType.slice(0, 64)}\``;
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  let size = 0;
  const refusal =
    kind === undefined && !taken.types.has(type)
      ? `content of the type \`${contentType.slice(0, 64)}\` is not taken; allowed: ${typesTaken(taken).join(', ')}`
      : undefined;
  return {
    refusal,
    take(piece) {
      size += piece.length;
      if (head.length < HEAD) head = Buffer.concat([head, piece.subarray(0, HEAD - head.length)]);
      tail =
        piece.length >= TAIL
          ? Buffer.from(piece.subarray(-TAIL))
          : Buffer.concat([tail, piece]).subarray(-TAIL);
    },
    end() {
      if (refusal !== undefined) return refusal;
      const ends = { head, tail, size };
      if (kind !== undefined && !kind.fits(ends))
        return `the content is no ${kind.name}: under ${said} nothing else is taken`;
      const other = otherKind(type, ends);
      return other === undefined ? undefined : `the content is ${other.name}, which ${said} doesn't say`;
    },
  };
}
