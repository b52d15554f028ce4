/** https://owasp.org/www-community/attacks/CSV_Injection */
import { cell } from '../../../src/audit/history/csv.ts';

it.each([
  ['Dr Martin', '"Dr Martin"'],
  ['a "quoted", name', '"a ""quoted"", name"'],
  ['two\r\nlines', '"two\r\nlines"'],
  ['=1+1', `"'=1+1"`],
  ['+33 1', `"'+33 1"`],
  ['-1', `"'-1"`],
  ['@SUM(A1)', `"'@SUM(A1)"`],
  ['  =1', `"'  =1"`],
  ['\t=1', `"'\t=1"`],
  ['\r=1', `"'\r=1"`],
  ['\uFEFF=1', `"'\uFEFF=1"`],
  ['＝1', `"'＝1"`],
  ['%0', `"'%0"`],
  ['|cmd', `"'|cmd"`],
  ['\0=1', `"'=1"`],
  ['1-2', '"1-2"'],
  ['', '""'],
])('%j', (value, wanted) => {
  expect(cell(value)).toBe(wanted);
});
