/** A mapping as the page edits it, and as the server takes it. */

export interface Origin {
  readonly column: string | null;
  readonly factor: number;
  readonly offset: number;
  readonly round: boolean;
  readonly values: Readonly<Record<string, string>>;
  readonly constant: string | null;
  readonly date: string | null;
}

export interface Field {
  readonly name: string;
  readonly label: boolean;
  readonly numeric: boolean;
  readonly whole: boolean;
  readonly range: readonly [number, number] | null;
  readonly classes: readonly string[];
  readonly origin: Origin | null;
  readonly suggestion: { column: string | null; factor: number | null; round: boolean; words: Readonly<Record<string, string>>; why: string };
}

export interface Mapping {
  readonly data: string;
  readonly mapping: string | null;
  /** Of the mapping that the drafts begin with: it is not overwritten once it is another one. */
  readonly digest: string;
  readonly dates: readonly string[];
  readonly columns: readonly { name: string; kind: string }[];
  readonly fields: readonly Field[];
}

/** What a field is made of: "" is the column of its own name, CONSTANT a value that every record has. */
export interface Draft {
  readonly column: string;
  readonly constant: string;
  readonly factor: string;
  readonly offset: string;
  readonly round: boolean;
  readonly date: string;
  readonly words: string;
}

/** No column can have this name: it has a line end. */
export const CONSTANT = "\n";

const AS_IT_IS: Draft = { column: "", constant: "", factor: "1", offset: "0", round: false, date: "", words: "" };

export function draftOf(field: Field): Draft {
  const { origin } = field;
  if (origin === null) return AS_IT_IS;
  return {
    column: origin.column ?? CONSTANT,
    constant: origin.constant ?? "",
    factor: String(origin.factor),
    offset: String(origin.offset),
    round: origin.round,
    date: origin.date ?? "",
    words: wordsOf(origin.values),
  };
}

export function suggestionOf(field: Field): Draft {
  const { column, factor, round, words } = field.suggestion;
  if (column === null) return draftOf(field);
  return { ...AS_IT_IS, column: column === field.name ? "" : column, factor: String(factor ?? 1), round, words: wordsOf(words) };
}

/** The field's table in the mapping's file; null if the column of its own name is used as it is. Throws what is wrong, in words. */
export function tableOf(field: Field, draft: Draft): object | null {
  if (draft.column === CONSTANT) return { constant: draft.constant };
  const column = draft.column === "" ? field.name : draft.column;
  const factor = numberOf(field, draft.factor), offset = numberOf(field, draft.offset);
  const values = Object.fromEntries(draft.words.split("\n").filter((line) => line.trim() !== "").map((line) => pairOf(field, line)));
  const table = {
    column,
    ...(factor === 1 && offset === 0 ? {} : { factor, offset }),
    ...(draft.round ? { round: true } : {}),
    ...(draft.date === "" ? {} : { date: draft.date }),
    ...(Object.keys(values).length === 0 ? {} : { values }),
  };
  return column === field.name && Object.keys(table).length === 1 ? null : table;
}

function numberOf(field: Field, text: string): number {
  const found = Number(text.trim().replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(found)) throw new Error(`${field.name}: "${text.slice(0, 60)}" is not a number`);
  return found;
}

/** Words without `=`, quotes and blanks at their ends stand as they are; any other is written in quotes, as in JSON. */
const PAIR = /^\s*("(?:[^"\\]|\\.)*"|[^="]+?)\s*=\s*("(?:[^"\\]|\\.)*"|[^="]*?)\s*$/;
const NEEDS_QUOTES = /[="\\\p{Cc}\u2028\u2029]|^\s|\s$|^$/u;

function wordsOf(values: Readonly<Record<string, string>>): string {
  const written = (word: string) => (NEEDS_QUOTES.test(word) ? JSON.stringify(word) : word);
  return Object.entries(values).map(([word, meant]) => `${written(word)} = ${written(meant)}`).join("\n");
}

function pairOf(field: Field, line: string): readonly [string, string] {
  const wrong = new Error(`${field.name}: "${line.slice(0, 60)}" is not of the form: your word = theirs. A word with = or quotes stands in quotes: "<=50K" = low`);
  const found = PAIR.exec(line);
  if (found === null) throw wrong;
  const word = (text: string): string => {
    if (!text.startsWith('"')) return text;
    try {
      return JSON.parse(text) as string;
    } catch {
      throw wrong;
    }
  };
  return [word(found[1] ?? ""), word(found[2] ?? "")];
}
