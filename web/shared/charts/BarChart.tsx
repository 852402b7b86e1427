import { count } from "../format/numbers";
import { Figure } from "./Figure";

const HEIGHT = 190, LEFT = 40, TOP = 10, BOTTOM = 26;

interface Bar {
  readonly name: string;
  readonly value: number;
}

/** One bar for each name, in order. A table with the numbers belongs beside it. */
export function BarChart(props: { title: string; bars: readonly Bar[] }) {
  return <Figure title={props.title} height={HEIGHT} draw={(width) => <Bars bars={props.bars} width={width} />} />;
}

function Bars(props: { bars: readonly Bar[]; width: number }) {
  const { bars, width } = props;
  const top = Math.max(1, ...bars.map((bar) => bar.value));
  const slot = (width - LEFT) / Math.max(7, bars.length);
  const height = (value: number) => (value / top) * (HEIGHT - TOP - BOTTOM);
  const first = bars[0], last = bars.at(-1);
  const end = LEFT + bars.length * slot;
  const bothFit = end - LEFT > 180; // their names do not stand on one another
  return (
    <>
      {[0, top].map((value) => (
        <g key={value}>
          <line className="grid" x1={LEFT} x2={width} y1={HEIGHT - BOTTOM - height(value)} y2={HEIGHT - BOTTOM - height(value)} />
          <text x={LEFT - 8} y={HEIGHT - BOTTOM - height(value) + 4} textAnchor="end">
            {count(value)}
          </text>
        </g>
      ))}
      {bars.map((bar, place) => (
        <rect key={bar.name} className="column" rx="3" x={LEFT + place * slot + slot * 0.15} width={Math.min(48, slot * 0.7)} y={HEIGHT - BOTTOM - height(bar.value)} height={height(bar.value)}>
          <title>{`${bar.name}: ${count(bar.value)}`}</title>
        </rect>
      ))}
      {first && <text x={LEFT} y={HEIGHT - 6}>{first.name}</text>}
      {last && last !== first && bothFit && <text x={end} y={HEIGHT - 6} textAnchor="end">{last.name}</text>}
    </>
  );
}
