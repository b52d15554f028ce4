/** HTML in pieces. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (each) => ENTITIES[each]!);

/** @param content HTML already @param styles names of our own */
export const tag = (name: string, content: string, styles = ''): string =>
  `<${name}${styles === '' ? '' : ` class="${styles}"`}>${content}</${name}>`;
