/**
 * Words of a text by the frozen table of the protocol (`unicode_14.json`): no version of Node decides what a letter is, or which
 * letters differ in case or width only.
 */
import { readFileSync } from "node:fs";

interface Table {
  readonly folds: readonly string[];
  readonly letters: readonly string[];
  readonly symbols: readonly string[];
}

class Folding {
  private readonly folds = new Map<number, readonly number[]>();
  private readonly letters: Ranges;
  private readonly symbols: Ranges;
  /** What stands in a letter's place, a space where words part; looked up when it is first met. */
  private readonly known = new Map<string, string>();

  constructor({ folds, letters, symbols }: Table) {
    for (const entry of folds.join(";").split(";")) {
      const [source = "", ...images] = entry.split(" ");
      this.folds.set(parseInt(source, 16), images.map((image) => parseInt(image, 16)));
    }
    this.letters = new Ranges(letters);
    this.symbols = new Ranges(symbols);
  }

  words(text: string): string[] {
    let made = "";
    for (const letter of text) made += this.known.get(letter) ?? this.look(letter);
    return made.split(" ").filter((word) => word !== "");
  }

  private look(letter: string): string {
    const point = letter.codePointAt(0) ?? 0;
    const made = (this.folds.get(point) ?? [point]).map((folded) => {
      const image = String.fromCodePoint(folded);
      return this.letters.has(folded) ? image : this.symbols.has(folded) ? ` ${image} ` : " ";
    }).join("");
    this.known.set(letter, made);
    return made;
  }
}

/** Rising ranges of code points, none of which touch. */
class Ranges {
  private readonly firsts: number[] = [];
  private readonly lasts: number[] = [];

  constructor(lines: readonly string[]) {
    for (const entry of lines.join(";").split(";")) {
      const [first = "", last = first] = entry.split("-");
      this.firsts.push(parseInt(first, 16));
      this.lasts.push(parseInt(last, 16));
    }
  }

  has(point: number): boolean {
    let [low, high] = [0, this.firsts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.firsts[middle] ?? Infinity) <= point) low = middle + 1;
      else high = middle;
    }
    return point <= (this.lasts[low - 1] ?? -1);
  }
}

let folding: Folding | undefined;

/** The words of a text, folded, in their order. */
export function wordsOf(text: string): string[] {
  folding ??= new Folding(JSON.parse(readFileSync(new URL("./unicode_14.json", import.meta.url), "utf8")) as Table);
  return folding.words(text);
}
