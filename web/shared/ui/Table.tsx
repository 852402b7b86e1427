import type { ReactNode } from "react";

import { Frame } from "./Frame";

export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ReactNode;
  /** Numbers stand to the right. */
  readonly right?: boolean;
}

/** A plain table with a caption; on a narrow page it becomes a list of its rows. */
export function Table<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string | number;
  hideCaption?: boolean;
}) {
  return (
    <Frame name={props.caption}>
      <table>
        <caption className={props.hideCaption ? "hidden" : undefined}>{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} scope="col" className={column.right ? "right" : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.id(row)}>
              {props.columns.map((column) => (
                <td key={column.name} data-column={column.name} className={column.right ? "right" : undefined}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Frame>
  );
}
