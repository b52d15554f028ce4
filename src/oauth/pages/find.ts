/** A professional names the patient to work with: by exact traits, so that nobody leafs through patients. */
import type { Language } from '../../consent/reasons.ts';
import { type Html, html } from './html.ts';

const WORDS = {
  fr: {
    title: 'Pour quel patient ?',
    ins: 'Matricule INS',
    or: 'ou tous les traits d’identité',
    family: 'Nom de naissance',
    given: 'Premier prénom',
    birthdate: 'Date de naissance',
    gender: 'Sexe',
    female: 'Féminin',
    male: 'Masculin',
    none: 'Aucun patient, ou plusieurs, ne correspondent exactement à ces traits parmi ceux que vous pouvez consulter.',
  },
  en: {
    title: 'For which patient?',
    ins: 'INS number',
    or: 'or all of these traits',
    family: 'Name at birth',
    given: 'First given name',
    birthdate: 'Date of birth',
    gender: 'Sex',
    female: 'Female',
    male: 'Male',
    none: 'No patient whom you may see, or more than one, fits exactly what you entered.',
  },
};

export function findFields(language: Language, notFound: boolean): Html {
  const words = WORDS[language];
  const text = (name: 'family' | 'given'): Html =>
    html`<label for="${name}">${words[name]}</label>
      <input id="${name}" name="${name}" type="text" maxlength="100" autocomplete="off" />`;
  return html`${notFound ? html`<p class="fault" role="alert">${words.none}</p>` : undefined}
    <fieldset>
      <legend>${words.title}</legend>
      <label for="ins">${words.ins}</label>
      <input id="ins" name="ins" type="text" inputmode="numeric" maxlength="25" autocomplete="off" />
      <p>${words.or}</p>
      ${text('family')} ${text('given')}
      <label for="birthdate">${words.birthdate}</label>
      <input id="birthdate" name="birthdate" type="date" />
      <fieldset>
        <legend>${words.gender}</legend>
        <label><input type="radio" name="gender" value="female" />${words.female}</label>
        <label><input type="radio" name="gender" value="male" />${words.male}</label>
      </fieldset>
    </fieldset>`;
}
