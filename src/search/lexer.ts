/** Tokens of FHIRPath: https://hl7.org/fhirpath/N1/#tokens */

const TOKEN = /\s*(%?[A-Za-z_][A-Za-z0-9_]*|'[^'\\]*'|\d+|!=|[=.()[\]|])\s*/y;

export function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new Error(`not understood: ${text.slice(at)}`);
    tokens.push(token);
  }
  return tokens;
}
