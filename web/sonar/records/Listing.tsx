import type { ReactNode } from "react";

import { Empty, Failure, Loading } from "../../shared/ui/States";
import { type Column, Table } from "../../shared/ui/Table";
import { useRows } from "../useRows";

/** A card with a list of the API in it, whatever state it is in. */
export function Listing<Row>(props: { path: string; what: string; caption: string; columns: readonly Column<Row>[]; id: (row: Row) => string; empty: { title: string; text: string }; above?: (rows: readonly Row[]) => ReactNode }) {
  const { rows, error, again, more, loadMore } = useRows<Row>(props.path);
  if (rows === undefined) {
    return <div className="card">{error ? <Failure error={error} what={props.what} again={again} /> : <Loading what={props.what} />}</div>;
  }
  if (rows.length === 0) {
    return (
      <div className="card">
        <Empty title={props.empty.title}>
          <p>{props.empty.text}</p>
        </Empty>
      </div>
    );
  }
  return (
    <>
      {props.above?.(rows)}
      <section className="card" aria-label={props.caption}>
        <Table caption={props.caption} hideCaption columns={props.columns} rows={rows} id={props.id} />
        {more && (
          <div className="row more">
            <button type="button" onClick={loadMore}>
              Show more
            </button>
          </div>
        )}
      </section>
    </>
  );
}

/** Links to the same rows as files. `what`: what the rows are. */
export function Downloads(props: { table: string; what: string }) {
  return (
    <>
      <a className="button" href={`/api/v1/export/${props.table}.csv`} download>
        <span>Download CSV<span className="hidden"> of {props.what}</span></span>
      </a>
      <a className="button" href={`/api/v1/export/${props.table}.parquet`} download>
        <span><span className="hidden">Download </span>Parquet<span className="hidden"> of {props.what}</span></span>
      </a>
    </>
  );
}
