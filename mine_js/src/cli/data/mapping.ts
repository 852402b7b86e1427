/** `data map`: which of the owner's columns a campaign's fields are, by a file of theirs or as it is suggested. */
import { resolve } from "node:path";
import { DataError } from "../../data/errors.ts";
import { type FieldMapping, parseMapping, readMapping } from "../../data/mapping/mapping.ts";
import { asToml, doubtsOf, suggest, type Suggestion } from "../../data/suggesting/suggesting.ts";
import { Home } from "../../home/home.ts";
import { general } from "../../wording.ts";
import { expandHome } from "../../home/settings.ts";
import { wantedSchema } from "../../work/fits.ts";
import { format, type Given, homePath, MAP_OPTIONS, parse, text } from "../options/options.ts";
import { isConfirmed, note, printJson, printRows, type Row, UsageError, warn } from "../output.ts";

/** So many columns or fields are shown, unless all are wanted. */
export const FEW = 20;
const FEW_WORDS = 3;
const COLUMNS = { field: "field", column: "your column", changed: "changed" };

export async function map(args: readonly string[]): Promise<number> {
  const { given, positionals } = parse(args, MAP_OPTIONS, 1);
  const [name] = positionals;
  if (name === undefined) throw new UsageError("give the name of the data set: data map NAME");
  const home = Home.open(homePath(given));
  const shelf = home.data();
  const data = shelf.get(name);
  if (given["forget"] === true) {
    shelf.keepMapping(name, null);
    note(`${name} is used as it is`);
    return 0;
  }
  const [file, campaign] = [text(given, "file"), text(given, "campaign")];
  let mapping: FieldMapping;
  if (file !== undefined) mapping = mappingIn(file);
  else if (campaign === undefined) {
    printJson({ mapping: data.mapping?.text ?? null });
    return 0;
  } else {
    const suggestions = suggest(await wantedSchema(home, campaign), await shelf.seen(data));
    show(suggestions, given);
    mapping = parseMapping(asToml(suggestions), "the suggestion");
  }
  if (given["yes"] !== true && !(await isConfirmed("Keep this mapping?"))) {
    note("nothing was kept");
    return 1;
  }
  shelf.keepMapping(name, mapping);
  note(`kept; see it with: mine-agent-js data map ${name}, or edit data/${name}.mapping.toml in the home`);
  return 0;
}

function mappingIn(file: string): FieldMapping {
  const mapping = readMapping(resolve(expandHome(file)));
  if (mapping === undefined) throw new DataError(`${file} does not exist; expected a TOML file with a mapping`);
  return mapping;
}

function show(suggestions: readonly Suggestion[], given: Given): void {
  if (format(given) === "json") printJson(suggestions.map(suggestionRow));
  else showFew(suggestions, given["all"] === true);
  for (const sentence of doubtsOf(suggestions)) warn(sentence);
}

/** Sure suggestions are left out rather than guesses and fields without a column. */
function showFew(suggestions: readonly Suggestion[], all: boolean): void {
  const unsureFirst = [...suggestions].sort((one, other) => Number(isSure(one)) - Number(isSure(other)));
  const few = new Set(all ? suggestions : unsureFirst.slice(0, FEW));
  const rows = suggestions.filter((one) => few.has(one)).map((one) => ({ field: one.field, column: one.column, changed: changed(one, all) }));
  printRows(rows, COLUMNS, "table");
  if (rows.length < suggestions.length) note(`and ${suggestions.length - rows.length} more, about which nothing is guessed; --all shows them`);
}

function isSure({ column, doubt }: Suggestion): boolean {
  return column !== null && doubt === null;
}

/** What becomes of a column's values; null if they stay as they are. */
function changed({ factor, rounds, values }: Suggestion, all: boolean): string | null {
  const words = values.map(([word, meant]) => `${word} = ${meant}`);
  const told = all ? words : words.slice(0, FEW_WORDS);
  const parts = [
    ...(factor === 1 ? [] : [`x ${general(factor)}`]), ...(rounds ? ["rounded"] : []), ...(told.length > 0 ? [told.join("; ")] : []),
    ...(told.length < words.length ? [`and ${words.length - told.length} more`] : []),
  ];
  return parts.length > 0 ? parts.join(" ") : null;
}

/** Each field of a campaign with the column that may be meant. Words are the owner's own. */
export function suggestionRow({ field, column, factor, rounds, values, why, doubt }: Suggestion): Row {
  const words = values.map(([word, meant]) => `${word} = ${meant}`).join("; ");
  return { field, column, factor: factor === 1 ? null : factor, round: rounds, values: words === "" ? null : words, why, doubt };
}
