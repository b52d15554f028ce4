/** Where JSON goes wrong, for the error's text; only ever run on what is refused. https://www.rfc-editor.org/rfc/rfc8259 */

/** Index of the closing quote of the string that opens at `start`; the text's length when there is none. */
export function stringEnd(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let before = at;
    while (text.charCodeAt(before - 1) === 0x5c) before--;
    if ((at - before) % 2 === 0) return at;
  }
}

/** ` (line 3, column 14)` */
export function place(text: string, at: number): string {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return ` (line ${line}, column ${at - start + 1})`;
}

type State = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or closing' | 'end';

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** Offset of the first character that JSON does not allow where it stands; the text's length when it ends too soon. */
export function faultOffset(text: string): number {
  const open: string[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    const char = text[at];
    if (char === undefined) return at;
    const wantsValue: boolean = state === 'value' || state === 'value or ]';
    const wantsKey: boolean = state === 'key' || state === 'key or }';
    if (char === '"' && (wantsValue || wantsKey)) {
      const end = stringFault(text, at);
      if (text[end] !== '"') return end;
      at = end + 1;
      state = wantsKey ? ':' : after(open);
    } else if ((char === '{' || char === '[') && wantsValue) {
      open.push(char);
      at++;
      state = char === '{' ? 'key or }' : 'value or ]';
    } else if (char === ':' && state === ':') {
      at++;
      state = 'value';
    } else if (char === ',' && state === ', or closing') {
      at++;
      state = open.at(-1) === '{' ? 'key' : 'value';
    } else if (closes(char, state, open.at(-1))) {
      open.pop();
      at++;
      state = after(open);
    } else {
      SCALAR.lastIndex = at;
      if (!wantsValue || !SCALAR.test(text)) return at;
      at = SCALAR.lastIndex;
      state = after(open);
    }
  }
}

const after = (open: string[]): State => (open.length === 0 ? 'end' : ', or closing');

const closes = (char: string, state: State, opened: string | undefined): boolean =>
  (char === '}' && opened === '{' && (state === 'key or }' || state === ', or closing')) ||
  (char === ']' && opened === '[' && (state === 'value or ]' || state === ', or closing'));

/** Index of the closing quote, else of the first character that a string can't hold. */
function stringFault(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 || code < 0x20) return at;
    if (code !== 0x5c) continue;
    at++;
    if (text[at] === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return at;
      at += 4;
    } else if (!'"\\/bfnrt'.includes(text[at] ?? ' ')) return at;
  }
  return at;
}

/** The first key of valid JSON that its object already has. */
export function duplicateKey(text: string): { key: string; at: number } | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    else if (char === '[') open.push(undefined);
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const start = at;
      at = stringEnd(text, at);
      SPACE.lastIndex = at + 1;
      SPACE.test(text);
      const keys = open.at(-1);
      if (keys === undefined || text[SPACE.lastIndex] !== ':') continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      if (keys.has(key)) return { key, at: start };
      keys.add(key);
    }
  }
  return undefined;
}
