/** What a page may load, and where its forms may lead: https://www.w3.org/TR/CSP3/ */

/** @param leadsTo where a form of the page may lead in the end: browsers hold redirects to `form-action` too */
export function policy(...leadsTo: (string | undefined)[]): string {
  const targets = leadsTo.filter((uri) => uri !== undefined).map((uri) => ` ${sourceOf(uri)}`);
  return (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
    `form-action 'self'${[...new Set(targets)].join('')}`
  );
}

/** Of an app's own scheme the scheme is all that a policy can name. */
function sourceOf(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === 'null' ? protocol : origin;
}
