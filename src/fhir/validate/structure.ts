/** The structure of a resource by the official JSON schema, a validator for each type, compiled when first used. */
import { _, Ajv } from 'ajv';
import type { ErrorObject, FuncKeywordDefinition, ValidateFunction } from 'ajv';
import { schema } from '../definitions/index.ts';
import type { Shape } from '../definitions/index.ts';
import type { Json } from '../resource.ts';
import { PRIMITIVES } from './primitives.ts';
import { compileShape } from './shape.ts';
import type { At, ShapeFault } from './shape.ts';

/** Past this many values the first fault is the only one looked for: their number is the sender's to choose. */
const MAX_VALUES_FOR_ALL_FAULTS = 20_000;

const primitive: FuncKeywordDefinition = {
  keyword: 'primitive',
  type: ['string', 'number'],
  schemaType: 'string',
  // a value of another JSON type is told by `type`
  compile: (type: string, { type: json }) => {
    const [wanted] = [json].flat() as string[];
    const test = PRIMITIVES.get(type)!.test as (value: unknown) => boolean;
    return (value: unknown) => typeof value !== wanted || test(value);
  },
  error: { message: 'primitive', params: ({ schema: type }) => _`{type: ${type}}` },
};

const shape: FuncKeywordDefinition = {
  keyword: 'shape',
  type: 'object',
  schemaType: 'object',
  errors: true,
  compile: (definition: Shape) => {
    const faultsOf = compileShape(definition);
    const validate: ValidateShape = (value, at) => {
      const faults = faultsOf(value, at!);
      validate.errors = faults.map((params) => ({ keyword: 'shape', params: { ...params } }));
      return faults.length === 0;
    };
    return validate;
  },
};

interface ValidateShape {
  (value: Json, at?: At): boolean;
  errors?: Partial<ErrorObject>[];
}

/** Made anew for all faults and for the first. */
function compiler(allErrors: boolean): (type: string) => ValidateFunction {
  let ajv: Ajv | undefined;
  return (type) => {
    if (ajv === undefined) {
      ajv = new Ajv({
        allErrors,
        strict: false,
        logger: false,
        validateSchema: false,
        meta: false,
        validateFormats: false,
      });
      ajv.addKeyword(primitive).addKeyword(shape).addSchema(schema());
    }
    return ajv.getSchema(`r4#/definitions/${type}`)!;
  };
}

const all = compiler(true);
const first = compiler(false);

/** What is wrong with the structure, in ajv's words. `values` is how many JSON values the resource holds. */
export function structureFaults(resource: Json, type: string, values: number): readonly StructureFault[] {
  const validate = (values > MAX_VALUES_FOR_ALL_FAULTS ? first : all)(type);
  return validate(resource) ? [] : ((validate.errors ?? []) as StructureFault[]);
}

export type StructureFault = Pick<ErrorObject, 'keyword' | 'instancePath' | 'params'> & {
  params: Partial<ShapeFault>;
};
