import { type ReactNode, useRef } from "react";

import { useSize } from "./useSize";

/** Around a table: it scrolls inside itself where it is too wide, and can then be reached by keyboard; else it is no stop on the way. */
export function Frame(props: { name: string; className?: string; children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const scrolls = useSize(frame, isLarger, false);
  const reachable = scrolls ? { tabIndex: 0, role: "region", "aria-label": props.name } : {};
  return (
    <div ref={frame} className={props.className === undefined ? "table-frame" : `table-frame ${props.className}`} {...reachable}>
      {props.children}
    </div>
  );
}

function isLarger(frame: HTMLElement): boolean {
  return frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight;
}
