/** A campaign's schema: from a record's values to numbers, the same for everybody. */
import { ProfileError } from "./errors.ts";
import { columnsOf, type Field, inputFields, isNumeric, outputField, type Value } from "./profile.ts";

export class Schema {
  readonly fields: readonly Field[];
  readonly label: Field;

  constructor(inputSchema: unknown, outputSchema: unknown) {
    this.fields = within("input_schema", () => inputFields(inputSchema));
    this.label = within("output_schema", () => outputField(outputSchema));
    if (this.fieldNames.includes(this.label.name)) {
      throw new ProfileError("output_schema.openmined.fields", this.label.name, "a label that is not also an input field");
    }
  }

  get fieldNames(): readonly string[] {
    return this.fields.map((field) => field.name);
  }

  /** Input fields in field order, then the label: the columns that training needs. */
  get columns(): readonly Field[] {
    return [...this.fields, this.label];
  }

  /** Numbers in an encoded record, one-hot columns counted, without a bias. */
  get nFeatures(): number {
    return this.fields.reduce((sum, field) => sum + columnsOf(field), 0);
  }

  /** What is needed to train and not among `columns`, in schema order. */
  missing(columns: Iterable<string>): string[] {
    const there = new Set(columns);
    return this.columns.map((field) => field.name).filter((name) => !there.has(name));
  }

  /** The inputs of a checked record, encoded. */
  encode(values: readonly Value[]): Float64Array {
    const made = new Float64Array(this.nFeatures);
    let at = 0;
    this.fields.forEach((field, place) => {
      const value = values[place] ?? 0;
      if (field.text !== null) field.text.transform(String(value), made, at);
      else if (field.kind === "category") made[at + field.classes.indexOf(value)] = 1;
      else made[at] = encoded(field, value);
      at += columnsOf(field);
    });
    return made;
  }

  /** The label of a checked record: the index of its class, or an encoded number. */
  encodeLabel(value: Value): number {
    return this.label.classes.length > 0 ? this.label.classes.indexOf(value) : encoded(this.label, value);
  }
}

/** (min(max(value, low), high) - center) / scale, in float64 in this order; 0 or 1 of a boolean. */
function encoded(field: Field, value: Value): number {
  if (!isNumeric(field)) return value === true ? 1 : 0;
  const [low, high] = field.clip;
  return (Math.min(Math.max(Number(value), low), high) - field.center) / field.scale;
}

function within<T>(document: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    const path = `${document}.${error.path}`.replace(/\.+$/, "");
    const mended = new ProfileError(path, null, error.expected);
    Object.assign(mended, { value: error.value, message: `${path} is ${error.value}; ${error.expected} is expected` });
    throw mended;
  }
}
