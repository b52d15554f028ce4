/** Whom a search is about, told from its filter alone: too few named would hide matches, too many cost. */
import type { Filter } from '../../src/search/filter.ts';
import { namedPatients, narrow, withoutImplied } from '../../src/store/query/narrowing.ts';
import { Terms } from '../../src/store/terms.ts';

const to = (param: string, ...targets: string[]): Filter => ({ op: 'reference', param, targets });
const p1 = to('patient', 'Patient/p1');
const p2 = to('patient', 'Patient/p2');
const coded: Filter = { op: 'term', terms: ['code=a'] };
const and = (...of: Filter[]): Filter => ({ op: 'and', of });
const or = (...of: Filter[]): Filter => ({ op: 'or', of });
const not = (of: Filter): Filter => ({ op: 'not', of });

it.each<[string, Filter, string[], string[] | undefined]>([
  ['one', p1, ['Observation'], ['p1']],
  ['one beside something else', and(p1, coded), ['Observation'], ['p1']],
  ['either of two', to('patient', 'Patient/p1', 'Patient/p2'), ['Observation'], ['p1', 'p2']],
  ['either, as alternatives', or(p1, p2), ['Observation'], ['p1', 'p2']],
  ['one of two at once: it may be both’s', and(p1, p2), ['Appointment'], ['p1']],
  ['the fewest', and(to('patient', 'Patient/p1', 'Patient/p2'), p2), ['Observation'], ['p2']],
  ['nobody', coded, ['Observation'], undefined],
  ['nobody when something else is enough', or(p1, coded), ['Observation'], undefined],
  ['nobody by what it isn’t', not(p1), ['Observation'], undefined],
  ['nobody when it may be a group', to('subject', 'Patient/p1', 'Group/p1'), ['Observation'], undefined],
  ['nobody by an empty reference', to('patient'), ['Observation'], undefined],
  ['a patient by id', { op: 'id', ids: ['p1'] }, ['Patient'], ['p1']],
  ['nobody by the id of something else', { op: 'id', ids: ['p1'] }, ['Observation'], undefined],
  ['nobody by an id of either type', { op: 'id', ids: ['p1'] }, ['Patient', 'Observation'], undefined],
  [
    'a patient by id among types',
    and({ op: 'type', type: 'Patient' }, { op: 'id', ids: ['p1'] }),
    ['Patient', 'Observation'],
    ['p1'],
  ],
])('names %s', (_, filter, types, named) => {
  expect(namedPatients(filter, types)).toEqual(named);
});

it.each<[string, Filter, Filter]>([
  ['the patient', p1, and()],
  ['the subject', to('subject', 'Patient/p1'), and()],
  ['one of several ways', or(to('author', 'Patient/p1'), p1), and()],
  ['what is left', and(p1, coded), and(coded)],
])('what a resource of the patient’s alone implies is left out: %s', (_, filter, left) => {
  expect(withoutImplied(filter, 'p1')).toEqual(left);
});

it.each<[string, Filter]>([
  ['another patient', p2],
  ['another role', to('author', 'Patient/p1')],
  ['a negation', not(p1)],
  ['both of several ways', and(or(to('author', 'Patient/p1'), coded))],
])('what it does not imply stays: %s', (_, filter) => {
  expect(withoutImplied(filter, 'p1')).toEqual(filter);
});

it('looks for what is shared or mentions only where the patient is known for that', () => {
  const terms = new Terms(Buffer.alloc(32, 1));
  expect(narrow(['p1'], false, terms)).toEqual({ patient: 'p1' });
  expect(narrow(['p1', 'p2'], false, terms)).toEqual({ patient: { $in: ['p1', 'p2'] } });
  expect(narrow(['p1'], true, terms)).toEqual({
    $or: [{ patient: 'p1' }, { others: { $in: ['p1'] } }, { ids: { $in: [terms.of('mention=p1')] } }],
  });
});
