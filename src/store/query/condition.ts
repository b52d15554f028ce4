/** The gate's condition as part of a query: the second reading of condition/condition.ts. */
import type { Query } from './query.ts';
import type { Condition } from '../../condition/condition.ts';

/** @param rid the field that holds `Type/id` */
export function toMongo(condition: Condition, rid: '_id' | 'rid' = '_id'): Query {
  switch (condition.is) {
    case 'all':
      return {};
    case 'none':
      return { _id: { $in: [] } };
    case 'and':
      return { $and: condition.of.map((each) => toMongo(each, rid)) };
    case 'or':
      return { $or: condition.of.map((each) => toMongo(each, rid)) };
    case 'not':
      return { $nor: [toMongo(condition.of, rid)] };
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
    case 'concerns': {
      const among = [...condition.among].filter((patient) => patient !== '');
      return { $or: [{ patient: { $in: among } }, { others: { $in: among } }] };
    }
    case 'hiddenBefore':
      return { hidden: { $lt: condition.at } };
    case 'label':
      return { labels: { $in: [...condition.among] } };
    case 'code':
      return { codes: { $in: [...condition.among] } };
    case 'within':
      return { from: { $gte: condition.from }, until: { $lte: condition.until } };
    case 'touches':
      return { $or: [{ from: null }, { from: { $lt: condition.until }, until: { $gt: condition.from } }] };
    case 'instance':
      return { [rid]: { $in: [...condition.among] } };
    case 'about':
      return { about: { $in: [...condition.among] } };
    case 'author':
      return { authors: { $in: [...condition.among] } };
  }
}
