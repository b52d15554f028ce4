import { narrativeFault } from '../../src/fhir/validate/narrative.ts';

const XMLNS = 'xmlns="http://www.w3.org/1999/xhtml"';
const inside = (content: string) => narrativeFault(`<div ${XMLNS}>${content}</div>`);

describe('narrative', () => {
  it.each([
    'text',
    '<p>a<br/>b</p>',
    '<img src="#pic"/>',
    '<img src="data:image/png;base64,AAAA" alt=""/>',
    '<a href="https://x.test/?a=1&amp;b=2">a</a>',
    '<a href="Patient/1">a</a>',
    '<a href="#a">a</a>',
    '<a href="?a=b:c">a</a>',
    '<a name="x" href="mailto:a@b.test">a</a>',
    '<span title="a &gt; b">&eacute;&#233;&#xe9;&nbsp;</span>',
    '<div style="color: red; font-weight: bold">a</div>',
    '<div style="background: url(pic.png)">a</div>',
    '<table><thead><tr><th colspan="2">a</th></tr></thead><tbody><tr><td>a</td></tr></tbody></table>',
    '<!-- a comment -->a',
    '<p xml:lang="fr" lang="fr">a</p>',
  ])('may be %s', (content) => {
    expect(inside(content)).toBeUndefined();
  });

  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script in other case', '<SCRIPT>alert(1)</SCRIPT>'],
    ['an event handler', '<p onclick="alert(1)">a</p>'],
    ['an event handler on an image', '<img src="x" onerror="alert(1)"/>'],
    ['a style sheet', '<style>p{}</style>'],
    ['a link', '<link rel="stylesheet" href="https://x"/>'],
    ['a form', '<form action="https://x"><input name="a"/></form>'],
    ['a frame', '<iframe src="https://x"></iframe>'],
    ['an object', '<object data="https://x">a</object>'],
    ['vector graphics', '<svg onload="alert(1)"/>'],
    ['mathematics', '<math><mtext>a</mtext></math>'],
    ['a base', '<base href="https://x"/>'],
    ['a meta', '<meta http-equiv="refresh" content="0"/>'],
    ['a javascript address', '<a href="javascript:alert(1)">a</a>'],
    ['a javascript address in other case', '<a href="JaVaScRiPt:alert(1)">a</a>'],
    ['a javascript address behind a space', '<a href=" javascript:alert(1)">a</a>'],
    ['a javascript address with a tab inside', '<a href="java\tscript:alert(1)">a</a>'],
    ['a javascript address by numbers', '<a href="&#106;&#x61;vascript:alert(1)">a</a>'],
    ['a javascript address by a named colon', '<a href="javascript&colon;alert(1)">a</a>'],
    ['a javascript address by a named tab', '<a href="java&Tab;script:alert(1)">a</a>'],
    ['a javascript address behind a control character', '<a href="&#1;javascript:alert(1)">a</a>'],
    ['a vbscript address', '<a href="vbscript:x">a</a>'],
    ['a data address', '<a href="data:text/html,x">a</a>'],
    ['an image of vector graphics', '<img src="data:image/svg+xml;base64,AAAA"/>'],
    ['an expression in a style', '<p style="width: expression(alert(1))">a</p>'],
    ['an import in a style', '<p style="@import \'https://x\'">a</p>'],
    ['an escape in a style', '<p style="width: e\\xpression(1)">a</p>'],
    ['a comment in a style', '<p style="width: exp/**/ression(1)">a</p>'],
    ['a javascript address in a style', '<p style="background: url(\'javascript:alert(1)\')">a</p>'],
    ['a binding in a style', '<p style="-moz-binding: url(x)">a</p>'],
    ['a namespace of its own', '<p xmlns="http://www.w3.org/2000/svg">a</p>'],
    ['a prefixed namespace', '<p xmlns:x="http://x">a</p>'],
    ['a prefixed element', '<x:script>a</x:script>'],
    ['an attribute that is there twice', '<p class="a" class="b">a</p>'],
    ['an attribute without quotes', '<p class=a>a</p>'],
    ['an attribute without value', '<p hidden>a</p>'],
    ['a `<` in an attribute', '<p title="<script>">a</p>'],
    ['a bare `&`', 'a & b'],
    ['a bare `<`', 'a < b'],
    ['an endless entity', `&${'a'.repeat(100)};`],
    ['an element left open', '<p>a'],
    ['elements that cross', '<p><b>a</p></b>'],
    ['a processing instruction', '<?php x ?>'],
    ['character data', '<![CDATA[<script>]]>'],
    ['a conditional comment', '<!--[if IE]><script>x</script><![endif]-->'],
    ['a comment left open', '<!-- a'],
    ['a document type', '<!DOCTYPE html>'],
    ['content after the end', '</div><script>x</script><div>'],
  ])('may not be %s', (_, content) => {
    expect(inside(content)?.key).toBe('txt-1');
  });

  it.each([
    ['without a namespace', '<div>a</div>'],
    ['another element', `<p ${XMLNS}>a</p>`],
    ['a script from the start', '<script>a</script>'],
    ['plain text', 'a'],
    ['two', `<div ${XMLNS}>a</div><div ${XMLNS}>b</div>`],
    ['text after it', `<div ${XMLNS}>a</div>b`],
  ])('is one div: not %s', (_, text) => {
    expect(narrativeFault(text)?.key).toBe('txt-1');
  });

  it.each(['', ' \n', '<p> </p>', '<br/>'])('has text or an image: not %j', (content) => {
    expect(inside(content)?.key).toBe('txt-2');
  });
});
