/** The invariants of questionnaires and sections, met once for each item. https://hl7.org/fhir/R4/questionnaire.html#invs */
import type { Json } from '../resource.ts';
import { hasDistinctLinkIds } from './native-walk.ts';

const has = (value: Json, name: string): boolean =>
  value[name] !== undefined || value[`_${name}`] !== undefined;
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
const lacks = (value: Json, ...names: string[]): boolean => names.every((name) => !has(value, name));
const isOf = (value: Json, types: readonly string[]): boolean => types.includes(value.type as string);

const WITH_ANSWERS = [
  'choice',
  'open-choice',
  'decimal',
  'integer',
  'date',
  'dateTime',
  'time',
  'string',
  'quantity',
];
const WITH_LENGTH = ['boolean', 'decimal', 'integer', 'string', 'text', 'url', 'open-choice'];

export const FORM_INVARIANTS: Record<string, (value: Json) => boolean> = {
  'que-1@Questionnaire.item': (item) =>
    (item.type !== 'group' || has(item, 'item')) && (item.type !== 'display' || lacks(item, 'item')),
  'que-2@Questionnaire': (questionnaire) => hasDistinctLinkIds(questionnaire),
  'que-3@Questionnaire.item': (item) => item.type !== 'display' || lacks(item, 'code'),
  'que-4@Questionnaire.item': (item) => lacks(item, 'answerOption') || lacks(item, 'answerValueSet'),
  'que-5@Questionnaire.item': (item) =>
    isOf(item, WITH_ANSWERS) || lacks(item, 'answerValueSet', 'answerOption'),
  'que-6@Questionnaire.item': (item) => item.type !== 'display' || lacks(item, 'required', 'repeats'),
  'que-7@Questionnaire.item.enableWhen': (when) => when.operator !== 'exists' || has(when, 'answerBoolean'),
  'que-8@Questionnaire.item': (item) => !isOf(item, ['group', 'display']) || lacks(item, 'initial'),
  'que-9@Questionnaire.item': (item) => item.type !== 'display' || lacks(item, 'readOnly'),
  'que-10@Questionnaire.item': (item) => isOf(item, WITH_LENGTH) || lacks(item, 'maxLength'),
  'que-11@Questionnaire.item': (item) => lacks(item, 'answerOption') || lacks(item, 'initial'),
  'que-12@Questionnaire.item': (item) => count(item.enableWhen) <= 2 || has(item, 'enableBehavior'),
  'que-13@Questionnaire.item': (item) => item.repeats === true || count(item.initial) <= 1,
  'qrs-1@QuestionnaireResponse.item': (item) => lacks(item, 'answer') || lacks(item, 'item'),
  'cmp-1@Composition.section': (section) => !lacks(section, 'text', 'entry', 'section'),
  'cmp-2@Composition.section': (section) => lacks(section, 'emptyReason') || lacks(section, 'entry'),
  'cpl-3@CarePlan.activity': (activity) => lacks(activity, 'detail') || lacks(activity, 'reference'),
};
