import { useState } from "react";

import { Frame } from "../../shared/ui/Frame";
import type { FieldDraft, Kind, Sheet } from "./table";

const USES = ["field", "label", "leave out"] as const;
const USE_NAMES = { field: "A field", label: "Predict this", "leave out": "Leave out" };
const KINDS: readonly [Kind, string][] = [["number", "Number"], ["integer", "Whole number"], ["boolean", "Yes or no"], ["category", "One of a list"]];
const PREVIEW = 4;

/** One row for each column of the file: what it is used for, what it holds, and how the first records look. */
export function FieldEditor(props: { fields: readonly FieldDraft[]; sheet: Sheet; onChange: (fields: FieldDraft[]) => void }) {
  const change = (place: number, more: Partial<FieldDraft>) =>
    props.onChange(props.fields.map((field, at) => {
      if (at === place) return { ...field, ...more };
      return more.use === "label" && field.use === "label" ? { ...field, use: "field" } : field;
    }));
  return (
    <Frame className="tall" name="Columns of the file">
      <table className="editor">
        <caption>
          What stands here is public: mines learn from it which of their records fit. Values outside a range count as its end.
        </caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Use</th>
            <th scope="col">Holds</th>
            <th scope="col">Range or values</th>
            <th scope="col">First records (stay here)</th>
          </tr>
        </thead>
        <tbody>
          {props.fields.map((field, place) => (
            <tr key={field.name}>
              <th scope="row">
                <bdi>{field.name.slice(0, 40)}</bdi>
              </th>
              <td data-column="Use">
                <select aria-label={`Use of ${field.name}`} value={field.use} onChange={(event) => change(place, { use: USES.find((use) => use === event.target.value) ?? "field" })}>
                  {USES.map((use) => (
                    <option key={use} value={use}>
                      {USE_NAMES[use]}
                    </option>
                  ))}
                </select>
              </td>
              <td data-column="Holds">
                <select
                  aria-label={`What ${field.name} holds`}
                  value={field.kind}
                  onChange={(event) => {
                    const kind = KINDS.find(([one]) => one === event.target.value)?.[0] ?? "number";
                    change(place, { kind, values: kind === "category" && field.values.length === 0 ? valuesOf(props.sheet, place) : field.values });
                  }}
                >
                  {KINDS.map(([kind, name]) => (
                    <option key={kind} value={kind}>
                      {name}
                    </option>
                  ))}
                </select>
              </td>
              <td data-column="Range or values">
                {field.kind === "category" ? (
                  <Values field={field} onChange={(values) => change(place, { values })} />
                ) : field.kind === "boolean" ? (
                  <span className="soft">true or false</span>
                ) : (
                  <span className="range">
                    <input aria-label={`Least ${field.name}`} inputMode="decimal" value={field.low} onChange={(event) => change(place, { low: event.target.value })} />
                    <span className="soft">to</span>
                    <input aria-label={`Greatest ${field.name}`} inputMode="decimal" value={field.high} onChange={(event) => change(place, { high: event.target.value })} />
                  </span>
                )}
              </td>
              <td data-column="First records (stay here)" className="soft small">
                <bdi>{props.sheet.rows.slice(0, PREVIEW).map((row) => (row[place] ?? "").slice(0, 20)).join(" · ")}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Frame>
  );
}

/** While somebody types, it shows what was typed: a comma at the end is no value yet, and must not vanish. */
function Values(props: { field: FieldDraft; onChange: (values: string[]) => void }) {
  const { field } = props;
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <input
      aria-label={`Values of ${field.name}, separated by commas`}
      value={typed ?? field.values.join(", ")}
      onChange={(event) => {
        setTyped(event.target.value);
        props.onChange(event.target.value.split(",").map((value) => value.trim()).filter((value, at, all) => value !== "" && all.indexOf(value) === at));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

function valuesOf(sheet: Sheet, place: number): string[] {
  return [...new Set(sheet.rows.map((row) => row[place] ?? ""))].filter((value) => value !== "").sort().slice(0, 100);
}
