import { type RefObject, useLayoutEffect, useState } from "react";

/** Measures again whenever the element is another size; also of text, as the reader has it. `before`: until it is there. */
export function useSize<T>(element: RefObject<HTMLElement | null>, measure: (element: HTMLElement) => T, before: T): T {
  const [found, put] = useState(before);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const look = (): void => put(measure(current));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    return () => observer.disconnect();
  }, [element, measure]);
  return found;
}

/** How wide an element is in letters' pixels: of 16 to the reader's own size of letters. */
export function widthInLetters(element: HTMLElement): number {
  const letter = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  return Math.round(element.clientWidth / letter);
}
