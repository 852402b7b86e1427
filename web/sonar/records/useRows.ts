import { useCallback } from "react";
import useSWRInfinite from "swr/infinite";

import { ask } from "../../shared/http";
import { API, type Answer } from "../api";
import { useFresh } from "../news";

export interface Rows<T> {
  readonly rows: readonly T[] | undefined;
  readonly error: Error | undefined;
  readonly again: () => void;
  /** null if there are no more. */
  readonly more: (() => void) | null;
}

/** All rows of a list so far, and a way to load more. */
export function useRows<T>(path: string, limit = 50): Rows<T> {
  const joint = path.includes("?") ? "&" : "?";
  const asked = useSWRInfinite<Answer<readonly T[]>, Error>((page: number, before: Answer<readonly T[]> | null) => {
    if (before !== null && before.next === null) return null;
    return `${API}${path}${joint}limit=${limit}${page === 0 ? "" : `&after=${before?.next ?? ""}`}`;
  }, ask);
  const { mutate } = asked;
  const again = useCallback(() => void mutate(), [mutate]);
  useFresh(again);
  const pages = asked.data;
  return {
    rows: pages?.flatMap((page) => page.data),
    error: asked.error,
    again,
    more: pages !== undefined && pages.at(-1)?.next !== null ? () => void asked.setSize(asked.size + 1) : null,
  };
}
