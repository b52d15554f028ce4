/** The summary as a PDF that can be read aloud. */
import type { Language } from '../../consent/reasons.ts';
import type { Resource } from '../../fhir/resource.ts';
import { taggedPdf } from '../../pdf/tagged.ts';
import { dayOf } from './dates.ts';
import { chapterOf, chaptered } from './document.ts';
import { each, stringOf } from './elements.ts';
import type { Gathered } from './gather.ts';
import { SAID } from './words.ts';

export function summaryPdf(gathered: Gathered, language: Language, now: number): Promise<Buffer> {
  const { patient, pool } = gathered;
  const title = SAID.title[language];
  const name = nameOf(patient) ?? SAID.unnamed[language];
  const made = dayOf(new Date(now).toISOString(), language);
  return taggedPdf({ title: `${title} – ${name}`, language, now, foot: `${name} – ${made}` }, (page) => {
    page.write('title', title);
    page.write('strong', name);
    page.write('text', identityOf(patient, language));
    page.write('note', `${SAID.made[language]} ${made}, ${SAID.from[language]}`);
    for (const told of chaptered(gathered)) {
      const { title: heading, items, notes } = chapterOf(told, { language, pool });
      page.write('heading', heading);
      page.list(items);
      for (const note of notes) page.write('note', note);
    }
  });
}

/** Given names first, the official name before others. */
export function nameOf({ name }: Resource): string | undefined {
  const names = each(name);
  const chosen = names.find(({ use }) => use === 'usual' || use === 'official') ?? names[0];
  if (chosen === undefined) return undefined;
  const given = Array.isArray(chosen.given) ? chosen.given.map(String).join(' ') : undefined;
  const whole = [given, stringOf(chosen.family)].filter((part) => part !== undefined).join(' ');
  return whole === '' ? stringOf(chosen.text) : whole;
}

function identityOf(patient: Resource, language: Language): string {
  const colon = language === 'fr' ? ' : ' : ': ';
  const { birthDate, gender } = patient;
  const sexes: readonly unknown[] = ['male', 'female', 'other', 'unknown'];
  const facts = [
    ...(typeof birthDate === 'string' ? [[SAID.born, dayOf(birthDate, language)] as const] : []),
    ...(sexes.includes(gender)
      ? [[SAID.gender, SAID[gender as 'male' | 'female' | 'other' | 'unknown'][language]] as const]
      : []),
    ...each(patient.identifier)
      .slice(0, 1)
      .flatMap(({ value }) => (typeof value === 'string' ? [[SAID.number, value] as const] : [])),
  ];
  return facts.map(([label, value]) => `${label[language]}${colon}${value}`).join(' · ');
}
