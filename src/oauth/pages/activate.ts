/** The first time, the code of the space: the same page whether or not there is one. */
import type { Language } from '../../consent/reasons.ts';
import { html, page } from './html.ts';

const WORDS = {
  fr: {
    title: 'Activer votre espace de santé',
    why: 'C’est la première fois que vous vous connectez ainsi. Saisissez le code reçu par courrier pour relier votre espace de santé à votre identité.',
    code: 'Code d’activation',
    hint: 'Douze lettres et chiffres, valables six semaines.',
    enter: 'Continuer',
    other: 'Se connecter autrement',
    wrong:
      'Ce code ne permet pas d’ouvrir un espace de santé avec votre identité. Vérifiez-le, ou demandez-en un nouveau.',
    wait: (seconds: number) => `Trop d’essais. Réessayez dans ${seconds} secondes.`,
  },
  en: {
    title: 'Activate your health space',
    why: 'This is the first time that you log in this way. Enter the code that came by letter, to link your health space with your identity.',
    code: 'Activation code',
    hint: 'Twelve letters and digits, good for six weeks.',
    enter: 'Go on',
    other: 'Log in another way',
    wrong: 'This code does not open a health space with your identity. Check it, or ask for a new one.',
    wait: (seconds: number) => `Too many attempts. Try again in ${seconds} seconds.`,
  },
};

export interface ActivatePage {
  root: string;
  action: string;
  fault?: 'wrong' | { wait: number };
}

export function activatePage({ root, action, fault }: ActivatePage, language: Language): string {
  const words = WORDS[language];
  const said =
    fault === undefined ? undefined : fault === 'wrong' ? words.wrong : words.wait(Math.ceil(fault.wait));
  return page(
    language,
    words.title,
    html`<p>${words.why}</p>
      ${said === undefined ? undefined : html`<p class="fault" role="alert">${said}</p>`}
      <form method="post" action="${action}/activate" autocomplete="off">
        <label for="code">${words.code}</label>
        <input
          id="code"
          name="code"
          type="text"
          autocomplete="one-time-code"
          autocapitalize="characters"
          spellcheck="false"
          aria-describedby="hint"
          required
          maxlength="40"
        />
        <p id="hint">${words.hint}</p>
        <button type="submit">${words.enter}</button>
        <a class="plain button" href="${action}/other">${words.other}</a>
      </form>`,
    root,
  );
}
