/** The library's forms that send themselves need a script, which no page here may have: these are sent by a button. */
import type { Language } from '../../consent/reasons.ts';
import { Html, html, page } from './html.ts';

const WORDS = {
  fr: { title: 'Encore une étape', text: 'Appuyez sur « Continuer » pour poursuivre.', go: 'Continuer' },
  en: { title: 'One more step', text: 'Press “Continue” to go on.', go: 'Continue' },
};

export interface Onward {
  action: string;
  html: string;
}

/** Undefined: what the library made is no such form. @param made its page */
export function onwardPage(made: unknown, language: Language, root: string): Onward | undefined {
  if (typeof made !== 'string' || !made.includes('document.forms[0].submit()')) return undefined;
  const [, action] = /<form method="post" action="([^"]*)">/.exec(made) ?? [];
  if (action === undefined) return undefined;
  const inputs = made.match(/<input type="hidden" name="[^"]*" value="[^"]*"\/>/g) ?? [];
  const words = WORDS[language];
  const body = html`<p>${words.text}</p>
    <form method="post" action="${new Html(action)}">
      ${inputs.map((input) => new Html(input))}
      <button type="submit">${words.go}</button>
    </form>`;
  return { action: action.replaceAll('&amp;', '&'), html: page(language, words.title, body, root) };
}
