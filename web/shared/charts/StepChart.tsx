import { percent } from "../format/numbers";
import { compact, moment } from "../format/time";
import { Figure } from "./Figure";

export interface Step {
  /** Seconds since 1970. */
  readonly at: number;
  /** Parts per million, from here to the next step. */
  readonly ppm: number;
  readonly label: string;
}

const HEIGHT = 260, LEFT = 54, RIGHT = 12, TOP = 16, BOTTOM = 30;

interface Drawn {
  readonly steps: readonly Step[];
  readonly goal: number;
  readonly until: number;
}

/** A value that holds until the next step, from the first one to `until`, with a line for the goal. A table belongs beside it. */
export function StepChart(props: Drawn & { title: string; description: string }) {
  if (props.steps.length === 0) return null;
  return <Figure title={props.title} description={props.description} height={HEIGHT} draw={(width) => <Steps {...props} width={width} />} />;
}

function Steps(props: Drawn & { width: number }) {
  const { steps, goal, width } = props;
  const begun = steps[0]?.at ?? 0;
  const last = Math.max(props.until, begun + 1);
  const top = niceTop(Math.max(goal, ...steps.map((step) => step.ppm)));
  const x = (at: number) => LEFT + ((at - begun) / (last - begun)) * (width - LEFT - RIGHT);
  const y = (ppm: number) => HEIGHT - BOTTOM - (ppm / top) * (HEIGHT - TOP - BOTTOM);
  const path = steps.map((step, place) => (place === 0 ? `M${x(step.at)} ${y(step.ppm)}` : `H${x(step.at)}V${y(step.ppm)}`)).join("") + `H${x(last)}`;
  const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
  return (
    <>
      {lines.map((ppm) => (
        <g key={ppm}>
          <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(ppm)} y2={y(ppm)} />
          <text x={LEFT - 10} y={y(ppm) + 4} textAnchor="end">
            {percent(ppm)}
          </text>
        </g>
      ))}
      <path className="under" d={`${path}V${y(0)}H${x(begun)}Z`} />
      <line className="goal" x1={LEFT} x2={width - RIGHT} y1={y(goal)} y2={y(goal)} />
      <text className="goal-text" x={LEFT + 6} y={y(goal) - 6}>
        Target {percent(goal)}
      </text>
      <path className="curve" d={path} />
      {steps.map((step) => (
        <circle key={`${step.label} ${step.at}`} className="point" cx={x(step.at)} cy={y(step.ppm)} r="5">
          <title>{`${step.label}: ${percent(step.ppm)}, ${moment(step.at)}`}</title>
        </circle>
      ))}
      <Ends from={begun} to={last} left={LEFT} right={width - RIGHT} y={HEIGHT - 8} />
    </>
  );
}

/** When a drawing begins and ends; the end alone where both have no room beside each other. */
export function Ends(props: { from: number; to: number; left: number; right: number; y: number }) {
  return (
    <>
      {props.right - props.left > 200 && <text x={props.left} y={props.y}>{compact(props.from)}</text>}
      <text x={props.right} y={props.y} textAnchor="end">{compact(props.to)}</text>
    </>
  );
}

function niceTop(ppm: number): number {
  return Math.min(1_000_000, Math.ceil((ppm * 1.06) / 200_000) * 200_000);
}
