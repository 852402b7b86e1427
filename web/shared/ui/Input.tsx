import { type InputHTMLAttributes, type ReactNode, useId } from "react";

/** An input with its label, its hint, and what is wrong with it. */
export function Input(props: { label: string; value: string; onChange: (value: string) => void; hint?: ReactNode; wrong?: string | undefined; wide?: boolean; more?: InputHTMLAttributes<HTMLInputElement> }) {
  const id = useId();
  return (
    <div className={props.wide ? "field wide" : "field"}>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        {...props.more}
        value={props.value}
        aria-invalid={props.wrong !== undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <Below id={`${id}-hint`} hint={props.hint} wrong={props.wrong} />
    </div>
  );
}

export function Choice(props: { label: string; value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[]; hint?: ReactNode; wrong?: string | undefined }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select id={id} value={props.value} aria-invalid={props.wrong !== undefined} aria-describedby={`${id}-hint`} onChange={(event) => props.onChange(event.target.value)}>
        {props.options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <Below id={`${id}-hint`} hint={props.hint} wrong={props.wrong} />
    </div>
  );
}

/** What is wrong with an input, said as soon as it is, or else its hint. */
export function Below(props: { id: string; hint?: ReactNode; wrong?: string | undefined }) {
  return (
    <div id={props.id}>
      <div aria-live="polite">{props.wrong !== undefined && <p className="wrong">{props.wrong}</p>}</div>
      {props.wrong === undefined && props.hint !== undefined && props.hint !== "" && <p className="hint">{props.hint}</p>}
    </div>
  );
}
