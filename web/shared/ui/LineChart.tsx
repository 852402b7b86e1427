import { useId } from "react";

import { compact } from "../format/time";

export interface Point {
  /** Seconds since 1970. */
  readonly at: number;
  /** Holds from here to the next point. */
  readonly value: number;
  readonly label: string;
}

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  /** The second line is dashed and of another colour. */
  readonly second?: boolean;
}

const WIDTH = 640, HEIGHT = 260, LEFT = 92, RIGHT = 12, TOP = 18, BOTTOM = 30;

/** Values over time as steps, above and below zero, with a line for a limit. A table with the exact values belongs beside it. */
export function LineChart(props: { title: string; description: string; lines: readonly Line[]; show: (value: number) => string; limit?: { value: number; name: string } }) {
  const title = useId(), description = useId();
  const points = props.lines.flatMap((line) => line.points);
  if (points.length === 0) return null;
  const first = Math.min(...points.map((point) => point.at));
  const last = Math.max(first + 1, ...points.map((point) => point.at));
  const limit = props.limit?.value ?? 0;
  const highest = Math.max(0, limit, ...points.map((point) => point.value));
  const low = Math.min(0, ...points.map((point) => point.value));
  const top = highest === low ? 1 : highest + (highest - low) * 0.06;
  const x = (at: number) => LEFT + ((at - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - low) / (top - low)) * (HEIGHT - TOP - BOTTOM);
  // Labels that would stand on one another are left out; zero never is.
  const marks = [0, ...[highest, low].filter((value) => Math.abs(value) > (top - low) * 0.07)];
  return (
    <figure className="chart">
      {props.lines.length > 1 && (
        <ul className="legend" aria-hidden="true">
          {props.lines.map((line) => (
            <li key={line.name} className={line.second ? "second" : undefined}>{line.name}</li>
          ))}
        </ul>
      )}
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${title} ${description}`}>
        <title id={title}>{props.title}</title>
        <desc id={description}>{props.description}</desc>
        {marks.map((value) => (
          <g key={value}>
            <line className={value === 0 ? "zero" : "grid"} x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 8} y={y(value) + 4} textAnchor="end">{props.show(value)}</text>
          </g>
        ))}
        {props.limit && (
          <>
            <line className="goal" x1={LEFT} x2={WIDTH - RIGHT} y1={y(limit)} y2={y(limit)} />
            <text className="goal-text" x={LEFT + 6} y={y(limit) - 6}>{props.limit.name}</text>
          </>
        )}
        {props.lines.map((line) => (
          <path key={line.name} className={line.second ? "curve second" : "curve"} d={path(line.points, x, y, last)} />
        ))}
        {props.lines.flatMap((line) => line.points.map((point, place) => (
          <circle key={`${line.name} ${place}`} className="point" cx={x(point.at)} cy={y(point.value)} r={points.length > 60 ? 2 : 4}>
            <title>{point.label}</title>
          </circle>
        )))}
        <text x={LEFT} y={HEIGHT - 8}>{compact(first)}</text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 8} textAnchor="end">{compact(last)}</text>
      </svg>
    </figure>
  );
}

function path(points: readonly Point[], x: (at: number) => number, y: (value: number) => number, until: number): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  return `M${x(first.at)} ${y(0)}V${y(first.value)}${rest.map((point) => `H${x(point.at)}V${y(point.value)}`).join("")}H${x(until)}`;
}
