import { useEffect, useState } from "react";

export interface Filter {
  readonly state: string;
  readonly search: string;
}

export const NO_FILTER: Filter = { state: "", search: "" };
const STATES: readonly [string, string][] = [
  ["", "All states"],
  ["requested", "Waiting for Capsule"],
  ["open", "Open"],
  ["settled", "Settled"],
  ["cancelled", "Cancelled"],
  ["declined", "Declined"],
];
const PAUSE_MS = 250;

/** The filter as a query of the service, beginning with "?"; "" for none. */
export function queryOf(filter: Filter): string {
  const asked = new URLSearchParams();
  if (filter.state !== "") asked.set("state", filter.state);
  if (filter.search.trim() !== "") asked.set("search", filter.search.trim());
  return asked.size === 0 ? "" : `?${asked.toString()}`;
}

/** Search by words or addresses, and a state; what is typed counts after a short pause. */
export function Filters(props: { value: Filter; onChange: (filter: Filter) => void }) {
  const { value, onChange } = props;
  const [typed, setTyped] = useState(value.search);
  useEffect(() => {
    if (typed === value.search) return undefined;
    const timer = setTimeout(() => onChange({ ...value, search: typed }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  const [before, setBefore] = useState(value.search);
  if (before !== value.search) {
    setBefore(value.search);
    setTyped(value.search); // cleared from elsewhere
  }
  return (
    <form className="filters" role="search" aria-label="Campaigns" onSubmit={(event) => event.preventDefault()}>
      <div className="field wide">
        <label htmlFor="search">Search</label>
        <input
          id="search"
          type="search"
          maxLength={100}
          placeholder="Words of a title, an id, a scientist's or Capsule's address"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="state">State</label>
        <select id="state" value={value.state} onChange={(event) => onChange({ ...value, state: event.target.value })}>
          {STATES.map(([state, name]) => (
            <option key={state} value={state}>
              {name}
            </option>
          ))}
        </select>
      </div>
    </form>
  );
}
