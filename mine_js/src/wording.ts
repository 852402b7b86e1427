/** Numbers, texts and times as the Python mine writes them, to the letter. */

/** A number with up to `digits` digits, as Python's format "g" writes it. */
export function general(value: number, digits = 6): string {
  if (value === 0) return "0";
  const [mantissa = "", exponent = "0"] = rounded(value, digits).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    return `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trimmed(Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - power)));
}

/** As toExponential, but what lies exactly between two goes to the even one. */
function rounded(value: number, digits: number): string {
  const usual = value.toExponential(digits - 1);
  const [exact = ""] = value.toExponential(Math.min(100, digits + 60)).split("e");
  const figures = exact.replace(/[-.]/g, "");
  const isTie = /^50*$/.test(figures.slice(digits)) && Number(figures[digits - 1]) % 2 === 0;
  return isTie ? `${exact.slice(0, exact.length - (figures.length - digits)).replace(/\.$/, "")}e${value.toExponential(60).split("e")[1] ?? "0"}` : usual;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function shownMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

export function formatTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A float64 as Python writes it: the shortest digits that give it back, with a point or an exponent. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const fixed = power >= 0 ? value.toString() : value.toFixed(Math.max(0, digits.replace(/[-.]/g, "").length - 1 - power));
  return fixed.includes(".") ? fixed : `${fixed}.0`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** A text in quotes as Python writes it. */
export function pythonText(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const letters = [...value].map((letter) => {
    if (letter === quote) return `\\${letter}`;
    const escaped = ESCAPES[letter];
    if (escaped !== undefined || isPrintable(letter)) return escaped ?? letter;
    const point = letter.codePointAt(0) ?? 0;
    const digits = point.toString(16);
    return point < 0x100 ? `\\x${digits.padStart(2, "0")}` : point < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
  });
  return `${quote}${letters.join("")}${quote}`;
}

/** A long hexadecimal or CID text by its two ends. */
export function short(text: string, keep = 6): string {
  return text.length <= 2 * keep + 3 ? text : `${text.slice(0, keep + 2)}\u2026${text.slice(-keep)}`;
}

/** Whether a text has only characters with a picture, as Python's `str.isprintable`; the protocol says which. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u.test(text) && !/[^ \P{Zs}]/u.test(text);
}
