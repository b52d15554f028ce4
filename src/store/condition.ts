/** The gate's condition as part of a query: the second reading of condition/condition.ts. */
import type { Query } from './query.ts';
import type { Condition } from '../condition/condition.ts';

export function toMongo(condition: Condition): Query {
  switch (condition.is) {
    case 'all':
      return {};
    case 'none':
      return { _id: { $in: [] } };
    case 'and':
      return { $and: condition.of.map(toMongo) };
    case 'or':
      return { $or: condition.of.map(toMongo) };
    case 'not':
      return { $nor: [toMongo(condition.of)] };
    case 'type':
      return { type: { $in: [...condition.among] } };
    case 'by':
      return { by: { $in: [...condition.among] } };
    case 'patients': {
      const among = [...condition.among].filter((patient) => patient !== '');
      return { patient: { $in: among }, others: { $not: { $elemMatch: { $nin: among } } } };
    }
    case 'impersonal':
      return { patient: '' };
    case 'label':
      return { labels: { $in: [...condition.among] } };
  }
}
