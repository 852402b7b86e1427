/** What a command ends with: 0 done, 1 refused or failed, 2 wrong use, 3 chain or store out of reach. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Base of all errors raised on purpose: each names the thing, the value, and what would have been right. */
export class OpenMinedError extends Error {
  /** What a command ends with that is stopped by it. */
  readonly exitCode: ExitCode = 1;
  /** The name of its class, as `mine-agent` calls it. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** Something that this mine does not do; the Python one may. */
export class NotInMineJsError extends OpenMinedError {}

/** Throws NotInMineJsError where a campaign names a thing of which this version knows others only: that is not a fault of the
 * campaign. What has not even the form of a name is left to the caller. */
export function requireKnown(what: string, name: unknown, known: readonly string[]): void {
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]{0,39}$/.test(name) || known.includes(name)) return;
  throw new NotInMineJsError(`this Mine.js does not know the ${what} '${name}', only ${known.join(", ")}; run mine-agent for this campaign`);
}

/** Base of the errors of encrypted learning. */
export class SyftError extends OpenMinedError {}
/** A parameter of a rule, a family or a feature map is unknown or out of range. */
export class ParameterError extends SyftError {}
/** An array or a list has another shape than what is needed. */
export class ShapeError extends SyftError {}
/** A value is, or could become, larger than the place kept for it. */
export class BoundError extends SyftError {}
/** A number is NaN or infinite. */
export class NotFiniteError extends SyftError {}
/** An integer is not a valid ciphertext under the key. */
export class CiphertextError extends SyftError {}
/** Something was made for another key. */
export class KeyMismatchError extends SyftError {}
/** A number that is not a Paillier modulus. */
export class KeyFormError extends SyftError {}
/** A packing is impossible for the key or differs from the model's. */
export class LayoutError extends SyftError {}
/** Budget, clip or release out of range. */
export class PrivacyError extends SyftError {}

/** The owner's memory does not hold what a model needs. */
export class MemoryLimitError extends OpenMinedError {
  constructor(what: string, bytes: number, limit: number) {
    const megabytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MB`;
    super(`${what} takes ${megabytes(bytes)}; memory_mb in policy.toml gives ${megabytes(limit)} to all campaigns together`);
  }
}
