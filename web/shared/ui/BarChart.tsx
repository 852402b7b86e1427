import { useId } from "react";

import { count } from "../format/numbers";

const WIDTH = 480, HEIGHT = 170, LEFT = 40, TOP = 10, BOTTOM = 26;

/** One bar for each name, in order. A table with the numbers belongs beside it. */
export function BarChart(props: { title: string; bars: readonly { name: string; value: number }[] }) {
  const title = useId();
  const top = Math.max(1, ...props.bars.map((bar) => bar.value));
  const slot = (WIDTH - LEFT) / Math.max(7, props.bars.length);
  const height = (value: number) => (value / top) * (HEIGHT - TOP - BOTTOM);
  const first = props.bars[0], last = props.bars.at(-1);
  return (
    <figure className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title}>
        <title id={title}>{props.title}</title>
        {[0, top].map((value) => (
          <g key={value}>
            <line className="grid" x1={LEFT} x2={WIDTH} y1={HEIGHT - BOTTOM - height(value)} y2={HEIGHT - BOTTOM - height(value)} />
            <text x={LEFT - 8} y={HEIGHT - BOTTOM - height(value) + 4} textAnchor="end">
              {count(value)}
            </text>
          </g>
        ))}
        {props.bars.map((bar, place) => (
          <rect key={bar.name} className="column" rx="3" x={LEFT + place * slot + slot * 0.15} width={Math.min(48, slot * 0.7)} y={HEIGHT - BOTTOM - height(bar.value)} height={height(bar.value)}>
            <title>{`${bar.name}: ${count(bar.value)}`}</title>
          </rect>
        ))}
        {first && <text x={LEFT} y={HEIGHT - 6}>{first.name}</text>}
        {last && last !== first && <text x={LEFT + props.bars.length * slot} y={HEIGHT - 6} textAnchor="end">{last.name}</text>}
      </svg>
    </figure>
  );
}
