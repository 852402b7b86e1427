import { useId } from "react";

import { percent } from "../format/numbers";
import { compact, moment } from "../format/time";

export interface Step {
  /** Seconds since 1970. */
  readonly at: number;
  /** Parts per million, from here to the next step. */
  readonly ppm: number;
  readonly label: string;
}

const WIDTH = 640, HEIGHT = 260, LEFT = 52, RIGHT = 12, TOP = 16, BOTTOM = 30;

/** A value that holds until the next step, from `from` to `until`, with a line for the goal. A table belongs beside it. */
export function StepChart(props: { title: string; description: string; steps: readonly Step[]; goal: number; until: number }) {
  const title = useId(), description = useId();
  const first = props.steps[0];
  if (first === undefined) return null;
  const last = Math.max(props.until, first.at + 1);
  const top = niceTop(Math.max(props.goal, ...props.steps.map((step) => step.ppm)));
  const x = (at: number) => LEFT + ((at - first.at) / (last - first.at)) * (WIDTH - LEFT - RIGHT);
  const y = (ppm: number) => HEIGHT - BOTTOM - (ppm / top) * (HEIGHT - TOP - BOTTOM);
  const path = props.steps.map((step, place) => (place === 0 ? `M${x(step.at)} ${y(step.ppm)}` : `H${x(step.at)}V${y(step.ppm)}`)).join("") + `H${x(last)}`;
  const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
  return (
    <figure className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${title} ${description}`}>
        <title id={title}>{props.title}</title>
        <desc id={description}>{props.description}</desc>
        {lines.map((ppm) => (
          <g key={ppm}>
            <line className="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(ppm)} y2={y(ppm)} />
            <text x={LEFT - 8} y={y(ppm) + 4} textAnchor="end">
              {percent(ppm)}
            </text>
          </g>
        ))}
        <path className="under" d={`${path}V${y(0)}H${x(first.at)}Z`} />
        <line className="goal" x1={LEFT} x2={WIDTH - RIGHT} y1={y(props.goal)} y2={y(props.goal)} />
        <text className="goal-text" x={LEFT + 6} y={y(props.goal) - 6}>
          Target {percent(props.goal)}
        </text>
        <path className="curve" d={path} />
        {props.steps.map((step) => (
          <circle key={`${step.label} ${step.at}`} className="point" cx={x(step.at)} cy={y(step.ppm)} r="5">
            <title>{`${step.label}: ${percent(step.ppm)}, ${moment(step.at)}`}</title>
          </circle>
        ))}
        <text x={LEFT} y={HEIGHT - 8}>
          {compact(first.at)}
        </text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 8} textAnchor="end">
          {compact(last)}
        </text>
      </svg>
    </figure>
  );
}

function niceTop(ppm: number): number {
  return Math.min(1_000_000, Math.ceil((ppm * 1.06) / 200_000) * 200_000);
}
