import { useEffect, useState } from "react";
import { mutate } from "swr";

import { API } from "./api";

/** Asks again for lists: the keys of `useSWRInfinite` are left out when answers are marked as old by their address. */
const lists = new Set<() => void>();

/** Asks for a list again whenever there is something new. */
export function useFresh(again: () => void): void {
  useEffect(() => {
    lists.add(again);
    return () => {
      lists.delete(again);
    };
  }, [again]);
}

/** How long to wait before a line that was refused is asked for again. */
const REFUSED_MS = 30_000;

export type Line = "connecting" | "live" | "lost";

/** Listens to the service's events: whatever a page shows is asked for again when something is new. */
export function useNews(): { line: Line; block: number | null; trouble: string | null } {
  const [line, setLine] = useState<Line>("connecting");
  const [block, setBlock] = useState<number | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    let news: EventSource, later: number | undefined;
    const listen = (): void => {
      news = new EventSource(`${API}/news`);
      news.addEventListener("open", () => setLine("live"));
      news.addEventListener("error", () => {
        setLine("lost");
        // A line that breaks is taken up again by itself; one that is refused, as by a proxy while the service starts, is not.
        if (news.readyState === EventSource.CLOSED) later = window.setTimeout(listen, REFUSED_MS);
      });
      news.addEventListener("block", (event) => {
        const { block, trouble } = JSON.parse((event as MessageEvent<string>).data) as { block: number; trouble: string | null };
        setBlock(block);
        setTrouble(trouble);
        void mutate((key) => typeof key === "string" && key.startsWith(API) && !key.includes("/artifacts/"));
        for (const again of lists) again();
      });
    };
    listen();
    return () => {
      window.clearTimeout(later);
      news.close();
    };
  }, []);
  return { line, block, trouble };
}
