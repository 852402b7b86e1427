import { Frame } from "../../shared/ui/Frame";
import { Foreign } from "../../shared/ui/words";
import { CONSTANT, type Draft, draftOf, type Field, type Mapping } from "./mapping";

/** A row for each field: what it is, and of which column it is made, and how. */
export function MappingTable(props: { mapping: Mapping; drafts: Readonly<Record<string, Draft>>; put: (field: string, draft: Draft) => void }) {
  return (
    <Frame className="mapping" name="Fields and columns">
      <table>
        <caption className="hidden">Each field of the campaign, and which of your columns it is</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Your column</th>
            <th scope="col">How</th>
            <th scope="col">Suggested</th>
          </tr>
        </thead>
        <tbody>
          {props.mapping.fields.map((field) => (
            <Row key={field.name} field={field} mapping={props.mapping} draft={props.drafts[field.name] ?? draftOf(field)} put={(draft) => props.put(field.name, draft)} />
          ))}
        </tbody>
      </table>
    </Frame>
  );
}

function Row(props: { field: Field; mapping: Mapping; draft: Draft; put: (draft: Draft) => void }) {
  const { field, mapping, draft, put } = props;
  const there = mapping.columns.some((column) => column.name === field.name);
  return (
    <tr>
      <td data-column="Field">
        <Foreign text={field.name} most={80} />
        <div className="hint">{what(field)}</div>
      </td>
      <td data-column="Your column">
        <select aria-label={`Column for ${field.name}`} value={draft.column} onChange={(event) => put({ ...draft, column: event.target.value })}>
          <option value="">{there ? `${field.name} (same name)` : "None of mine"}</option>
          {mapping.columns.filter((column) => column.name !== field.name).map((column) => (
            <option key={column.name} value={column.name}>{`${column.name} (${column.kind})`}</option>
          ))}
          <option value={CONSTANT}>The same value for every record</option>
        </select>
      </td>
      <td data-column="How"><How field={field} mapping={mapping} draft={draft} put={put} /></td>
      <td data-column="Suggested">
        {field.suggestion.column === null ? <span className="soft">–</span> : <Foreign text={field.suggestion.column} most={80} />}
        <div className="hint"><Foreign text={field.suggestion.why} most={160} /></div>
      </td>
    </tr>
  );
}

function How(props: { field: Field; mapping: Mapping; draft: Draft; put: (draft: Draft) => void }) {
  const { field, draft, put } = props;
  if (draft.column === CONSTANT) {
    return <input aria-label={`Value of ${field.name} for every record`} value={draft.constant} onChange={(event) => put({ ...draft, constant: event.target.value })} />;
  }
  if (!field.numeric) {
    return <textarea aria-label={`Words of ${field.name}: your word = theirs, one pair in a line`} placeholder="your word = theirs" rows={Math.min(8, Math.max(2, draft.words.split("\n").length))} value={draft.words} onChange={(event) => put({ ...draft, words: event.target.value })} />;
  }
  return (
    <div className="row">
      <span aria-hidden="true">×</span>
      <input className="narrow" inputMode="decimal" aria-label={`Factor for ${field.name}`} value={draft.factor} onChange={(event) => put({ ...draft, factor: event.target.value })} />
      <span aria-hidden="true">+</span>
      <input className="narrow" inputMode="decimal" aria-label={`Added to ${field.name}`} value={draft.offset} onChange={(event) => put({ ...draft, offset: event.target.value })} />
      {field.whole && (
        <label>
          <input type="checkbox" aria-label={`Round ${field.name} to whole numbers`} checked={draft.round} onChange={(event) => put({ ...draft, round: event.target.checked })} /> rounded
        </label>
      )}
      <select aria-label={`Part of a date for ${field.name}`} value={draft.date} onChange={(event) => put({ ...draft, date: event.target.value })}>
        <option value="">not a date</option>
        {props.mapping.dates.map((part) => <option key={part} value={part}>{`its ${part}`}</option>)}
      </select>
    </div>
  );
}

function what(field: Field): string {
  const kind = field.range !== null ? `a ${field.whole ? "whole number" : "number"} from ${field.range[0]} to ${field.range[1]}` : `one of ${field.classes.slice(0, 12).join(", ")}${field.classes.length > 12 ? ", …" : ""}`;
  return field.label ? `${kind}; what the model is to tell` : kind;
}
