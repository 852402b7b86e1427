import { useState } from "react";

import { saidOf } from "../shared/ui/States";

export interface Act {
  /** Do something; what comes of it is said by `wrong` or `done`. */
  readonly act: (work: () => Promise<string | null>) => Promise<void>;
  readonly busy: boolean;
  readonly wrong: string | null;
  /** What was done, in words. */
  readonly done: string | null;
}

/** One thing at a time, with its failure and its success in words. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  return {
    busy, wrong, done,
    act: async (work) => {
      setBusy(true);
      setWrong(null);
      setDone(null);
      try {
        setDone(await work());
      } catch (error) {
        setWrong(saidOf(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
