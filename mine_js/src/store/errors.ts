/** What can go wrong between an artifact's name and its bytes. No text of a library or of a daemon is passed on. */
import { type ExitCode, OpenMinedError } from "../errors.ts";
import type { Cid } from "../protocol/cid.ts";

/** `cid`: the artifact asked for; `block`: the block of it that failed; `tried`: the places that were asked, each with what it answered. */
export interface StoreWhere {
  readonly cid?: Cid | undefined;
  readonly block?: Cid | undefined;
  readonly tried?: readonly string[];
}

/** Base of the store's errors: each names the artifact and what was tried. */
export class StoreError extends OpenMinedError {
  readonly reason: string;
  readonly cid: Cid | undefined;
  readonly block: Cid | undefined;
  readonly tried: readonly string[];

  constructor(reason: string, { cid, block, tried = [] }: StoreWhere = {}) {
    const part = cid !== undefined && block?.equals(cid) === true ? undefined : block;
    const subject = cid === undefined ? "" : `${cid.toString()}: `;
    super(`${subject}${reason}${part === undefined ? "" : ` (block ${part.toString()})`}${tried.length > 0 ? `; tried: ${tried.join(", ")}` : ""}`);
    this.reason = reason;
    this.cid = cid;
    this.block = part;
    this.tried = tried;
  }

  /** An error of the same kind, told of another artifact or place. */
  retold(reason: string, where: StoreWhere): StoreError {
    const Kind = this.constructor as typeof StoreError;
    return new Kind(reason, where);
  }
}

/** Nobody who was asked has the artifact, or one block of it, now. Asking again later may help. */
export class NotFoundError extends StoreError {}
/** Bytes came back that do not hash to the name they were asked by. They were thrown away. */
export class WrongBytesError extends StoreError {}
/** The artifact says it is larger than is wanted. */
export class TooLargeError extends StoreError {}
/** The bytes fit their name, but are not a file in the import profile. */
export class MalformedBlockError extends StoreError {}
/** The IPFS daemon does not answer, or answers like something else. */
export class DaemonDownError extends StoreError {
  override readonly exitCode: ExitCode = 3;
}
/** The IPFS daemon answered, and would not do it. */
export class DaemonRefusedError extends StoreError {}
/** The disk, or the quota set for the store, has no room for it. Nothing half-written stays behind. */
export class StoreFullError extends StoreError {}
/** Another process holds the store for longer than was waited. */
export class StoreBusyError extends StoreError {
  override readonly exitCode: ExitCode = 3;
}
/** The store's directory cannot be read or written by this account. */
export class StoreAccessError extends StoreError {}
/** Another directory lies where the store's was: what is not found there says nothing. */
export class StoreReplacedError extends StoreAccessError {
  override readonly exitCode: ExitCode = 3;
}
/** The setting that chooses the store cannot be understood, or points at something unusable. */
export class StoreSettingError extends StoreError {}
/** A pin needs the name of its owner: 1 to 240 characters when percent-encoded. */
export class OwnerNameError extends StoreError {}
