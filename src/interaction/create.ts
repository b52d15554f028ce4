/** https://hl7.org/fhir/R4/http.html#create and https://hl7.org/fhir/R4/http.html#ccreate */
import { criteriaIn } from '../fhir/bundle.ts';
import { onMatch } from './condition.ts';
import type { Context } from './context.ts';
import { upload } from './upload.ts';
import type { Answer, Exchange } from './exchange.ts';
import { changeOf, commitOne, resourceIn, written } from './write.ts';

export async function create(context: Context, exchange: Exchange): Promise<Answer> {
  if (exchange.body?.kind === 'stream') return upload(context, exchange, exchange.body);
  const resource = { ...resourceIn(exchange), id: exchange.assignedId ?? context.newId() };
  const condition = criteriaIn(exchange.header('if-none-exist'), exchange.base, resource.resourceType);
  if (condition === undefined) {
    return written(
      exchange,
      await commitOne(exchange, await changeOf(exchange, 'POST', resource, undefined)),
      true,
    );
  }
  return onMatch(context, exchange, resource.resourceType, condition, async ({ found, lock }) => {
    const change = await changeOf(exchange, 'POST', resource, undefined);
    if (found !== undefined) return written(exchange, found, false);
    return written(exchange, await commitOne(exchange, change, [lock]), true);
  });
}
