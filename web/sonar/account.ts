/** The account of the service's own machine, for browsers that were let in by its link: it is asked as a wallet is. */
import { useMemo } from "react";

import { Entrance, useEntrance } from "../shared/session";
import { API } from "./api";
import type { Wallet } from "./protocol/wallet";

const entrance = new Entrance("openmined-account-key", `${API}/account/session`);

/** Let this browser in, if its address has a link's token. */
export const enter = (): Promise<void> => entrance.enter();

/** The account as a wallet; null where this browser was not let in. */
export function useOwnAccount(): Wallet | null {
  const { state } = useEntrance(entrance);
  return useMemo(() => {
    if (state !== "in") return null;
    return {
      id: "account",
      name: "this machine's account",
      seesThrough: true,
      provider: {
        request: async ({ method, params }) => (await entrance.change<{ result: unknown }>(`${API}/account`, { method, params: params ?? [] })).result,
      },
    };
  }, [state]);
}
