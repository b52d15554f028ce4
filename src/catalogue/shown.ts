/** A listing as everybody may read it, in one language. Pure. */
import { type Listing, type Words, clientOf } from './listing.ts';

type Language = keyof Words;

export function shown(listing: Listing, language: Language): Record<string, unknown> {
  const { id, name, publisher, purpose, audience, data, retention, hosting, ins, reviews, reviewedUntil } =
    listing;
  return {
    id,
    name: name[language],
    publisher,
    purpose: purpose[language],
    audience,
    data: data.map(({ type, access, why }) => ({ type, access, why: why[language] })),
    retention: retention[language],
    hosting: hosting[language],
    ...(ins === undefined ? {} : { ins: ins[language] }),
    review: {
      until: reviewedUntil,
      criteria: reviews.map(({ criterion, verdict, at }) => ({
        criterion,
        verdict,
        at: new Date(at).toISOString(),
      })),
    },
    client: { id, scope: clientOf(listing).scope },
  };
}

/** Those that carry each word of the text, in either language. */
export function found(
  listings: readonly Listing[],
  { text, audience }: { text: string; audience?: string | undefined },
): Listing[] {
  const words = plain(text).split(/\s+/, 20).filter(Boolean);
  return listings.filter((listing) => {
    if (audience !== undefined && listing.audience !== audience) return false;
    const { name, purpose, publisher } = listing;
    const whole = plain([name.fr, name.en, purpose.fr, purpose.en, publisher.name].join(' '));
    return words.every((word) => whole.includes(word));
  });
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
