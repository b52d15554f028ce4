/** `_pretty=true`: indents JSON without parsing it, so that numbers stay as they are written. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

export function prettyPrint(bytes: Buffer): Buffer {
  const parts: string[] = [];
  let depth = 0;
  let previous = '';
  const newLine = () => parts.push('\n', '  '.repeat(depth));
  for (const [token] of bytes.toString('utf8').matchAll(TOKEN)) {
    const closes = token === '}' || token === ']';
    const opened = previous === '{' || previous === '[';
    if (closes) depth--;
    if ((closes && !opened) || (opened && !closes) || previous === ',') newLine();
    parts.push(token === ':' ? ': ' : token);
    if (token === '{' || token === '[') depth++;
    previous = token;
  }
  parts.push('\n');
  return Buffer.from(parts.join(''));
}
