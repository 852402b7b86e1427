/** The typed errors of the chain: each names the thing, the value, and what would have been right. */
import { type ExitCode, OpenMinedError } from "../errors.ts";
import { formatWei } from "../protocol/amounts.ts";

export class ChainError extends OpenMinedError {}

/** Trouble with the node: nothing is said about the chain by it, and it may be over soon. */
export class NodeError extends ChainError {
  override readonly exitCode: ExitCode = 3;
}
/** No usable answer. Wait, and ask again. */
export class NodeDownError extends NodeError {}
/** The node, or what stands before it, answers that it cannot answer now. `limited`: it was asked too often. */
export class NodeBusyError extends NodeDownError {
  /** Seconds that it asks to be left alone; 0 if it asks for none. */
  readonly retryAfter: number;
  readonly limited: boolean;
  constructor(url: string, why: string, retryAfter: number, limited: boolean) {
    const after = retryAfter > 0 ? ` after ${Math.round(retryAfter)} s` : "";
    super(`the node at ${url} does not answer now: ${why}; it is asked again${after}; more nodes can be named in the setting 'rpc'`);
    this.retryAfter = retryAfter;
    this.limited = limited;
  }
}
export class NodeBehindError extends NodeDownError {
  constructor(url: string, head: number, seen: number) {
    super(`the node at ${url} is behind: its newest block is ${head}, block ${seen} was seen; waiting for it`);
  }
}
/** An answer without the shape that JSON-RPC or the ABI promises: not believed. */
export class UnexpectedAnswerError extends NodeDownError {
  constructor(what: string, expected: string) {
    super(`the answer to ${what} cannot be read, expected ${expected}`);
  }
}
/** The node answers with an error of its own. `data`: the bytes that a call reverted with. */
export class NodeRefusedError extends NodeError {
  readonly code: number;
  readonly nodeMessage: string;
  readonly data: Uint8Array | undefined;
  constructor(method: string, code: number, message: string, data?: Uint8Array) {
    super(`the node refused ${method} (code ${code}): ${message.slice(0, 300) || "no reason given"}`);
    this.code = code;
    this.nodeMessage = message.slice(0, 300);
    this.data = data;
  }
}
export class WrongChainError extends ChainError {
  constructor(url: string, expected: number, found: number) {
    super(`the node at ${url} serves chain ${found}, expected chain ${expected}`);
  }
}
export class OtherGenesisError extends ChainError {
  constructor(contract: string) {
    super(
      `the node serves another chain than the one with Sonar at ${contract}: its block 0 is another; ` +
        "what was read is kept, correct the setting 'rpc'",
    );
  }
}
export class NotSonarError extends ChainError {}
export class WrongVersionError extends ChainError {}
export class NoSuchCampaignError extends ChainError {}
export class WrongDatabaseError extends ChainError {}
export class DatabaseUnusableError extends ChainError {}

/** The contract would refuse the call (found by simulation, no gas spent), with its own reason. */
export class ContractRefusedError extends ChainError {
  readonly reason: string;
  constructor(label: string, reason: string) {
    super(`${label} is refused by the contract: ${reason}`);
    this.reason = reason;
  }
}
export class InsufficientFundsError extends ChainError {
  constructor(label: string, account: string, held: bigint, needed: bigint) {
    super(
      `${label}: account ${account} holds ${formatWei(held)}, needs ${formatWei(needed)} (value and gas together); ` +
        `${formatWei(needed - held)} are missing`,
    );
  }
}
/** The account does not hold enough of a token. */
export class TokensMissingError extends ChainError {
  constructor(label: string, account: string, token: string, held: bigint, needed: bigint, show: (amount: bigint) => string) {
    super(`${label}: account ${account} holds ${show(held)} (token ${token}), needs ${show(needed)}; ${show(needed - held)} are missing`);
  }
}
/** The gas of a call in which a token's own code runs would cost more than the owner allows. */
export class TokenCallTooDearError extends ChainError {
  constructor(label: string, gas: bigint, cost: bigint, most: bigint) {
    super(
      `${label} takes ${gas} gas for up to ${cost} wei; at most ${most} wei are paid for a call that runs a token's code. ` +
        "Raise 'max_token_call' if that token is worth it",
    );
  }
}
export class FeesTooHighError extends ChainError {
  override readonly exitCode: ExitCode = 3;
  constructor(asked: bigint, cap: bigint) {
    super(`the chain asks ${formatWei(asked)} per gas, the cap is ${formatWei(cap)}; wait or raise 'max_fee_gwei'`);
  }
}
export class UnexpectedNonceError extends ChainError {
  override readonly exitCode: ExitCode = 3;
  constructor(account: string, latest: number, pending: number, most: number) {
    super(
      `the node says that the next nonce of account ${account} is ${pending}, with ${latest} transactions mined; expected ` +
        `${latest} to ${latest + most}. Nothing is signed; wait until the account's other transactions are mined, or ask ` +
        "another node (setting 'rpc')",
    );
  }
}
export class RevertedError extends ChainError {
  constructor(label: string, hash: string, reason: string) {
    super(`${label} was mined as ${hash} and reverted: ${reason}`);
  }
}
export class NonceTakenError extends ChainError {
  constructor(label: string, account: string, nonce: number) {
    super(
      `${label}: nonce ${nonce} of account ${account} was used by a transaction that this outbox did not send; ` +
        "use one account with one running agent only",
    );
  }
}
export class TransactionTimeoutError extends ChainError {
  override readonly exitCode: ExitCode = 3;
  constructor(label: string, deed: string, seconds: number, problem: string | null) {
    super(`${label} (${deed}) is not confirmed after ${seconds} s${problem === null ? "" : `: ${problem}`}; it stays in the outbox`);
  }
}
export class EventsBehindError extends ChainError {
  override readonly exitCode: ExitCode = 3;
  constructor(campaign: string, index: number) {
    super(`campaign 0x${campaign}: submission ${index} was decided and its event is not read yet; waiting for it`);
  }
}
export class AlreadyRunningError extends ChainError {
  constructor(path: string) {
    super(`another process is already running with ${path}; stop it first`);
  }
}
export class LockError extends OpenMinedError {
  constructor(path: string, why: string) {
    super(`${path} cannot be locked: ${why}; keep the home directory on a local disk that you can write`);
  }
}
export class KeyfileError extends ChainError {}
export class WrongPassphraseError extends KeyfileError {
  constructor(path: string) {
    super(`the passphrase does not open the keyfile ${path}`);
  }
}
export class MalformedKeyfileError extends KeyfileError {
  constructor(path: string, why: string) {
    super(`the file ${path} is not a usable keyfile: ${why}; expected a web3 keystore, version 3`);
  }
}
