import { type ReactNode, useId, useRef } from "react";

import { useSize, widthInLetters } from "../ui/useSize";

/** A drawing as wide as its place and with letters as large as the page's, with a name and a description. `draw`: for so many units of width, 16 to a letter of the page. */
export function Figure(props: { title: string; description?: string; height: number; before?: ReactNode; draw: (width: number) => ReactNode }) {
  const title = useId(), description = useId();
  const frame = useRef<HTMLElement>(null);
  const width = Math.max(120, useSize(frame, widthInLetters, 640));
  return (
    <figure className="chart" ref={frame}>
      {props.before}
      <svg viewBox={`0 0 ${width} ${props.height}`} role="img" aria-labelledby={title} aria-describedby={props.description === undefined ? undefined : description}>
        <title id={title}>{props.title}</title>
        {props.description !== undefined && <desc id={description}>{props.description}</desc>}
        {props.draw(width)}
      </svg>
    </figure>
  );
}
