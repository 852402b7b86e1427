/** One kind of error for everything that can be wrong with an artifact. No value in it is longer than a line. */
import { OpenMinedError, SyftError } from "../errors.ts";
import type { Cid } from "../protocol/cid.ts";
import { pythonText } from "../wording.ts";

/** A value described in words, shown as it is and not as a quoted text. */
export class Said {
  readonly words: string;
  constructor(words: string) {
    this.words = words;
  }
}

/** A value as errors show it, cut to a line; long bytes are only counted. */
export function shorten(value: unknown, most = 60): string {
  if (value instanceof Said) return value.words;
  const text = shown(value);
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}

/** As Python's `repr` has it. */
function shown(value: unknown): string {
  if (typeof value === "string") return pythonText(value);
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (value instanceof Date) return JSON.stringify(value);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value !== "object") return `${value as number | bigint}`;
  return `{${Object.entries(value).map(([key, part]) => `${pythonText(key)}: ${shown(part)}`).join(", ")}}`;
}

export class ArtifactError extends OpenMinedError {
  readonly kind: string;
  readonly field: string;
  readonly value: string;
  readonly expected: string;
  cid: Cid | undefined;

  constructor(kind: string, field: string, value: unknown, expected: string, cid?: Cid) {
    super();
    this.kind = kind;
    this.field = field;
    this.value = shorten(value);
    this.expected = expected;
    this.cid = cid;
    this.message = this.sentence();
  }

  /** Puts the artifact's name into the error, unless it is there. */
  named(cid: Cid): this {
    this.cid ??= cid;
    this.message = this.sentence();
    return this;
  }

  private sentence(): string {
    const name = this.cid === undefined ? this.kind : `${this.kind} ${this.cid.toString()}`;
    return `${name}: ${this.field === "" ? "it is" : `${this.field} is`} ${this.value}; ${this.expected} is expected`;
  }
}

/** The bytes are not of the artifact's encoding at all, or of another format or version. */
export class MalformedError extends ArtifactError {}

/** The artifact is larger than its kind may be. */
export class OversizedError extends ArtifactError {}

/** The artifact is sound but was made for something else. */
export class WrongBindingError extends ArtifactError {}

/** Runs `read`; every artifact error that passes gets the CID. */
export function naming<T>(cid: Cid | undefined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArtifactError && cid !== undefined) throw error.named(cid);
    throw error;
  }
}

/** What `work` gives; an error of Syft's about it is the artifact's. */
export function refusing<T>(kind: string, field: string, expected: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyftError) throw new ArtifactError(kind, field, new Said(error.message), expected);
    throw error;
  }
}
