import { type RefObject, useEffect } from "react";

/** Whoever pressed a button that is gone stays where it was: the focus goes to the nearest part of the page around it that is still there. */
export function useKeptFocus(page: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { current } = page;
    if (current === null) return undefined;
    let around: Element[] = []; // what has the focus, and what it stands in, the innermost first
    const taken = (event: FocusEvent): void => {
      around = [];
      for (let one = event.target as Element | null; one !== null && current.contains(one); one = one.parentElement) around.push(one);
    };
    const left = (event: FocusEvent): void => {
      const { target } = event;
      // Of its own accord only while it is there: what is taken away loses the focus, too.
      queueMicrotask(() => {
        if (target instanceof Element && around[0] === target && target.isConnected && document.activeElement !== target) around = [];
      });
    };
    const observer = new MutationObserver(() => {
      if (document.activeElement !== document.body || around[0]?.isConnected !== false) return;
      const next = around.find((one) => one.isConnected && one.matches(PARTS)) ?? current;
      if (!next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
      (next as HTMLElement).focus({ preventScroll: true });
    });
    observer.observe(current, { childList: true, subtree: true });
    current.addEventListener("focusin", taken);
    current.addEventListener("focusout", left);
    return () => {
      observer.disconnect();
      current.removeEventListener("focusin", taken);
      current.removeEventListener("focusout", left);
    };
  }, [page]);
}

/** Parts of a page that a screen reader names. */
const PARTS = "section, article, main";
