import { useId } from "react";

import { Foreign } from "../../shared/ui/words";
import type { Rule } from "../api";
import { type Draft, type Offer, titleOf } from "./rules";

/** One rule with what it means, and the input for its kind. */
export function RuleEditor(props: { rule: Rule; draft: Draft; changed: boolean; offers: readonly Offer[]; put: (draft: Draft) => void }) {
  const { rule, draft } = props;
  const id = useId();
  return (
    <div className={props.changed ? "rule changed" : "rule"}>
      {rule.kind === "list" ? (
        <List {...props} id={id} list={Array.isArray(draft) ? (draft as readonly string[]) : []} />
      ) : rule.kind === "flag" ? (
        <>
          <div className="choices">
            <label>
              <input type="checkbox" checked={draft === true} aria-describedby={id} onChange={(event) => props.put(event.target.checked)} />
              {titleOf(rule.rule)}
            </label>
          </div>
          <About id={id} rule={rule} changed={props.changed} />
        </>
      ) : (
        <>
          <label htmlFor={`${id}-input`}>{titleOf(rule.rule)}</label>
          <About id={id} rule={rule} changed={props.changed} />
          <div className="edit">
            {rule.choices.length > 0 ? (
              <select id={`${id}-input`} value={String(draft)} aria-describedby={id} onChange={(event) => props.put(event.target.value)}>
                {rule.choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
              </select>
            ) : (
              <input id={`${id}-input`} value={String(draft)} inputMode={rule.kind === "text" ? "text" : "decimal"} autoComplete="off" aria-describedby={id} onChange={(event) => props.put(event.target.value)} />
            )}
          </div>
        </>
      )}
    </div>
  );
}

function About(props: { id: string; rule: Rule; changed: boolean }) {
  return (
    <p className="about" id={props.id}>
      {props.rule.about} <code>{props.rule.rule}</code>{props.changed && <strong> · changed, not saved</strong>}
    </p>
  );
}

type Way = "nothing" | "any" | "some";

function List(props: { id: string; rule: Rule; list: readonly string[]; changed: boolean; offers: readonly Offer[]; put: (draft: Draft) => void }) {
  const { id, rule, list, put } = props;
  const way: Way = list[0] === "any" ? "any" : list.length === 0 ? "nothing" : "some";
  const names = rule.rule === "hours" ? "At no time" : "Nothing", all = rule.rule === "hours" ? "At all times" : "Everything";
  const left = props.offers.filter((offer) => !list.some((one) => one.toLowerCase() === offer.value.toLowerCase()));
  return (
    <fieldset className="bare" aria-describedby={id}>
      <legend>{titleOf(rule.rule)}</legend>
      <About id={id} rule={rule} changed={props.changed} />
      <div className="choices">
        <label><input type="radio" name={id} checked={way === "nothing"} onChange={() => put([])} />{names}</label>
        <label><input type="radio" name={id} checked={way === "some"} onChange={() => put([""])} />Only these</label>
        <label><input type="radio" name={id} checked={way === "any"} onChange={() => put(["any"])} />{all}</label>
      </div>
      {way === "some" && rule.choices.length > 0 && (
        <div className="choices">
          {rule.choices.map((choice) => (
            <label key={choice}>
              <input type="checkbox" checked={list.includes(choice)} onChange={(event) => put(event.target.checked ? [...list.filter((one) => one !== ""), choice] : keptOr(list.filter((one) => one !== choice)))} />
              {choice}
            </label>
          ))}
        </div>
      )}
      {way === "some" && rule.choices.length === 0 && (
        <div className="edit">
          <textarea
            aria-label={`${titleOf(rule.rule)}, one in a line`}
            rows={Math.min(8, list.length + 1)}
            spellCheck={false}
            value={list.join("\n")}
            onChange={(event) => put(keptOr(event.target.value.split("\n")))}
          />
          <p className="hint">One in a line: {rule.expected}.</p>
        </div>
      )}
      {way !== "any" && left.length > 0 && (
        <div className="offers">
          {left.slice(0, 24).map((offer) => (
            <button key={offer.value} type="button" onClick={() => put([...list.filter((one) => one !== ""), offer.value])}>
              + <Foreign text={offer.name} most={90} />
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}

/** A list that is being written keeps one empty line: without any it would mean "nothing". */
function keptOr(list: readonly string[]): readonly string[] {
  return list.length === 0 ? [""] : list;
}
