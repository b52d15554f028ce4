import { ago, at, inFrench } from '../../src/demo/calendar.js';
import { insValue, nirKey } from '../../src/demo/identity.js';
describe('the key of a NIR', () => {
  it.each([
    ['1240188524933', '34'],
    ['2790351215189', '89'],
    ['2550699999999', '34'],
    ['179032A001001', '45'],
    ['179032B001001', '72'],
  ])('of %s is %s', (nir, key) => {
    expect(nirKey(nir)).toBe(key);
  });
  it('ends the matricule made from a birth', () => {
    const birth = { gender: 'male', date: '1979-03-14', place: '2A001', order: '001' };
    expect(insValue(birth)).toBe('179032A00100145');
  });
});
describe('dates before a reference date', () => {
  it.each([
    [{ years: 3, months: 4 }, '2022-11-30'],
    [{ years: 2, months: 1 }, '2024-02-29'],
    [{ months: 1 }, '2026-02-28'],
    [{ days: 31 }, '2026-02-28'],
    [{ days: -1 }, '2026-04-01'],
    [{}, '2026-03-31'],
  ])('%j is %s', (span, date) => {
    expect(ago(new Date('2026-03-31T23:59:59Z'), span)).toBe(date);
  });
  it('are instants in UTC, and words for people', () => {
    expect(at(new Date('2026-03-31'), { days: 1 }, '08:15')).toBe('2026-03-30T08:15:00.000Z');
    expect(inFrench('2024-05-03')).toBe('3 mai 2024');
  });
});
