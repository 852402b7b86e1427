/** What can be wrong with a schema document. */
import { shorten } from "../artifacts/errors.ts";
import { OpenMinedError } from "../errors.ts";

/** A schema document is outside the profile. */
export class ProfileError extends OpenMinedError {
  readonly path: string;
  readonly value: string;
  readonly expected: string;
  constructor(path: string, value: unknown, expected: string) {
    super(`${path === "" ? "the schema" : path} is ${shorten(value)}; ${expected} is expected`);
    this.path = path;
    this.value = shorten(value);
    this.expected = expected;
  }
}
