import { useEffect, useState } from "react";
import { mutate } from "swr";

import { API } from "./api";

export type Line = "connecting" | "live" | "lost";

/** Listens to the service's events: whatever a page shows is asked for again when there is a new block. */
export function useNews(): { line: Line; block: number | null } {
  const [line, setLine] = useState<Line>("connecting");
  const [block, setBlock] = useState<number | null>(null);
  useEffect(() => {
    const news = new EventSource(`${API}/news`);
    news.addEventListener("open", () => setLine("live"));
    news.addEventListener("error", () => setLine("lost")); // it connects again by itself
    news.addEventListener("block", (event) => {
      setBlock((JSON.parse((event as MessageEvent<string>).data) as { block: number }).block);
      void mutate((key) => typeof key === "string" && key.startsWith(API) && !key.includes("/artifacts/"));
    });
    return () => news.close();
  }, []);
  return { line, block };
}
