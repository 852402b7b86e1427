/** When may a mine train again for a campaign? Decided from its own past submissions there, and nothing else. */
import type { Limits } from "./policy.ts";

/** What became of a submission, as far as pacing is concerned; the texts are those of listings. */
export const OUTCOMES = ["waiting", "improved", "no gain", "burned", "withdrawn"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One submission: digests of the data and of the base version, and when it was decided, in seconds. */
export interface Past {
  readonly data: string;
  readonly baseModel: string;
  readonly outcome: Outcome;
  readonly decided: number;
}

export interface Pace {
  readonly move: "train" | "wait" | "stop";
  readonly reason: string;
}

/** The pause doubles with each failure, up to a longest one. */
export function pauseAfter(failures: number, first: number, longest: number): number {
  return failures <= 0 ? 0 : Math.min(longest, first * 2 ** Math.min(failures - 1, 60));
}

/** Seconds still to wait; a stored time further ahead than the longest pause was written by a clock that ran ahead. */
export function pauseLeft(until: number, now: number, longest: number): number {
  const left = until - now;
  return left > 0 && left <= longest ? left : 0;
}

const LONGEST_PAUSE = 1e9;

/** Whether to train on the data with that digest from the version with that digest; `past` in order of submission. */
export function nextMove(past: readonly Past[], data: string, model: string, limits: Limits, now: number): Pace {
  if (past.some((entry) => entry.outcome === "burned")) {
    return { move: "stop", reason: "a stake of this mine was burned here: something is wrong with its gradients or its store" };
  }
  if (past.some((entry) => entry.outcome === "waiting")) return { move: "wait", reason: "a submission waits for its verdict" };
  const counted = past.filter((entry) => entry.outcome !== "withdrawn");
  if (past.length >= limits.submissions) {
    return { move: "stop", reason: `${past.length} submissions made, the owner's limit is ${limits.submissions}` };
  }
  const last = counted.findLastIndex((entry) => entry.outcome !== "no gain");
  const inARow = counted.length - 1 - last;
  if (inARow >= limits.noGainInARow) return { move: "stop", reason: `${inARow} submissions in a row without gain, the owner's limit` };
  if (counted.some((entry) => entry.data === data && entry.baseModel === model)) {
    return { move: "wait", reason: "trained on this version of the model already" };
  }
  if (inARow > 0) {
    const seconds = pauseAfter(inARow, limits.noGainPause, LONGEST_PAUSE);
    const left = pauseLeft((counted.at(-1)?.decided ?? 0) + seconds, now, seconds);
    if (left > 0) return { move: "wait", reason: `pauses ${left} s after a submission without gain` };
  }
  return { move: "train", reason: "" };
}
