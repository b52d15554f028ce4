/** Types and repetition of elements, from the definitions that come with fhirpath: https://hl7.org/fhir/R4/elementdefinition.html */
import model from 'fhirpath/fhir-context/r4';

export interface Shape {
  /** Where the element is defined: `Patient.contact`, or its type for a data type. */
  path: string;
  type: string;
  repeats: boolean;
  /** Of `value[x]`: the endings that its names may have. */
  choices?: readonly string[];
}

interface Model {
  path2Type: Record<string, string>;
  path2Repeating: Record<string, boolean>;
  choiceTypePaths: Record<string, string[]>;
  pathsDefinedElsewhere: Record<string, string>;
  type2Parent: Record<string, string>;
}

const { path2Type, path2Repeating, choiceTypePaths, pathsDefinedElsewhere, type2Parent } =
  model as unknown as Model;

const own = <T>(table: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

export const resourceShape = (type: string): Shape => ({ path: type, type, repeats: false });

/** The element `name` of what has this shape; undefined when R4 has none. */
export function childShape(parent: Shape, name: string): Shape | undefined {
  for (
    let owner: string | undefined = ownerOf(parent);
    owner !== undefined;
    owner = own(type2Parent, owner)
  ) {
    const path = `${owner}.${name}`;
    const defined = own(pathsDefinedElsewhere, path) ?? path;
    const repeats = own(path2Repeating, path) ?? own(path2Repeating, defined) ?? false;
    const choices = own(choiceTypePaths, path);
    if (choices) return { path, type: '', repeats: false, choices };
    const type = own(path2Type, path) ?? own(path2Type, defined);
    if (type !== undefined) return { path: defined, type, repeats };
    if (defined !== path) return { path: defined, type: 'BackboneElement', repeats };
  }
  return undefined;
}

/** Elements of a backbone are defined at its own place, those of a data type at the type. */
const ownerOf = ({ path, type }: Shape): string =>
  type === 'BackboneElement' || type === 'Element' ? path : type.replace(/^System\./, '');

/** `Quantity` for `valueQuantity`, whose type is `Quantity`; `dateTime` for `valueDateTime`. */
export function chosenShape(choice: Shape, ending: string): Shape {
  const type = own(path2Type, choice.path + ending) ?? ending;
  return { path: choice.path + ending, type, repeats: false };
}
