/** How each type of parameter is indexed and asked: https://hl7.org/fhir/R4/search.html#ptypes */
import type { ParameterType } from '../definitions.ts';
import type { Kind } from '../parameter.ts';
import { composite } from './composite.ts';
import { date } from './date.ts';
import { number } from './number.ts';
import { quantity } from './quantity.ts';
import { reference } from './reference.ts';
import { special } from './special.ts';
import { string } from './string.ts';
import { token } from './token.ts';
import { uri } from './uri.ts';

export const kinds: Record<ParameterType, Kind> = {
  composite,
  date,
  number,
  quantity,
  reference,
  special,
  string,
  token,
  uri,
};
