import { Figure } from "./Figure";
import { Ends } from "./StepChart";

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

const HEIGHT = 260, LETTER = 7, RIGHT = 12, TOP = 18, BOTTOM = 30;

interface Drawn {
  readonly lines: readonly Line[];
  readonly show: (value: number) => string;
  readonly limit?: { value: number; name: string };
}

/** Values over time as steps, above and below zero, with a line for a limit. A table with the exact values belongs beside it. */
export function LineChart(props: Drawn & { title: string; description: string }) {
  if (props.lines.every((line) => line.points.length === 0)) return null;
  const legend = props.lines.length > 1 && (
    <ul className="legend" aria-hidden="true">
      {props.lines.map((line) => (
        <li key={line.name} className={line.second ? "second" : undefined}>{line.name}</li>
      ))}
    </ul>
  );
  return <Figure title={props.title} description={props.description} height={HEIGHT} before={legend} draw={(width) => <Lines {...props} width={width} />} />;
}

function Lines(props: Drawn & { width: number }) {
  const { width } = props;
  const points = props.lines.flatMap((line) => line.points);
  const first = Math.min(...points.map((point) => point.at));
  const last = Math.max(first + 1, ...points.map((point) => point.at));
  const limit = props.limit?.value ?? 0;
  const highest = Math.max(0, limit, ...points.map((point) => point.value));
  const low = Math.min(0, ...points.map((point) => point.value));
  const top = highest === low ? 1 : highest + (highest - low) * 0.06;
  // Labels that would stand on one another are left out; zero never is.
  const marks = [0, ...[highest, low].filter((value) => Math.abs(value) > (top - low) * 0.07)];
  const left = 14 + LETTER * Math.max(...marks.map((value) => props.show(value).length));
  const x = (at: number) => left + ((at - first) / (last - first)) * (width - left - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - low) / (top - low)) * (HEIGHT - TOP - BOTTOM);
  return (
    <>
      {marks.map((value) => (
        <g key={value}>
          <line className={value === 0 ? "zero" : "grid"} x1={left} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
          <text x={left - 10} y={y(value) + 4} textAnchor="end">{props.show(value)}</text>
        </g>
      ))}
      {props.limit && (
        <>
          <line className="goal" x1={left} x2={width - RIGHT} y1={y(limit)} y2={y(limit)} />
          <text className="goal-text" x={left + 6} y={y(limit) - 6}>{props.limit.name}</text>
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
      <Ends from={first} to={last} left={left} right={width - RIGHT} y={HEIGHT - 8} />
    </>
  );
}

function path(points: readonly Point[], x: (at: number) => number, y: (value: number) => number, until: number): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  return `M${x(first.at)} ${y(0)}V${y(first.value)}${rest.map((point) => `H${x(point.at)}V${y(point.value)}`).join("")}H${x(until)}`;
}
