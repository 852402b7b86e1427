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
      <div className="card">
        <Table caption={props.caption} hideCaption columns={props.columns} rows={rows} id={props.id} />
        {more && (
          <div className="row more">
            <button type="button" onClick={loadMore}>
              Show more
            </button>
          </div>
        )}
      </div>
    </>
  );
}

/** Links to the same rows as files. */
export function Downloads(props: { table: string }) {
  return (
    <>
      <a className="button" href={`/api/v1/export/${props.table}.csv`} download>
        CSV
      </a>
      <a className="button" href={`/api/v1/export/${props.table}.parquet`} download>
        Parquet
      </a>
    </>
  );
}
