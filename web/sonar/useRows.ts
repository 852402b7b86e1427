import { useCallback } from "react";
import useSWRInfinite from "swr/infinite";

import { ask } from "../shared/http";
import { API, type Answer } from "./api";
import { useFresh } from "./news";

export interface Rows<T> {
  /** undefined before the first answer. */
  readonly rows: readonly T[] | undefined;
  readonly error: Error | undefined;
  readonly again: () => void;
  /** Whether there are more rows. */
  readonly more: boolean;
  /** Ask for the next page, if it is not on its way. */
  readonly loadMore: () => void;
}

/** All rows of a list so far, and a way to load more. What was shown stays until another question is answered. */
export function useRows<T>(path: string, limit = 50): Rows<T> {
  const joint = path.includes("?") ? "&" : "?";
  const asked = useSWRInfinite<Answer<readonly T[]>, Error>(
    (page: number, before: Answer<readonly T[]> | null) => {
      if (before !== null && before.next === null) return null;
      return `${API}${path}${joint}limit=${limit}${page === 0 ? "" : `&after=${before?.next ?? ""}`}`;
    },
    ask,
    // A further page asks for nothing but itself; what is new is asked for when there is news.
    { revalidateFirstPage: false, keepPreviousData: true },
  );
  const { size, setSize, mutate, data } = asked;
  const again = useCallback(() => void mutate(), [mutate]);
  useFresh(again);
  const loaded = data?.length ?? 0;
  const loadMore = useCallback(() => {
    if (loaded === size) void setSize(size + 1); // one page at a time
  }, [loaded, size, setSize]);
  return { rows: data?.flatMap((page) => page.data), error: asked.error, again, more: data !== undefined && data.at(-1)?.next !== null, loadMore };
}
