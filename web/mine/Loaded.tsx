import type { ReactNode } from "react";
import type { SWRResponse } from "swr";

import { Failure, Loading, Notice, saidOf } from "../shared/ui/States";

/** What was asked for once it is there; until then that it comes, or why it does not. */
export function Loaded<T>(props: { asked: SWRResponse<T, Error>; what: string; slowly?: string; children: (found: T) => ReactNode }) {
  const { data, error, mutate } = props.asked;
  if (data === undefined) {
    return <div className="card">{error ? <Failure error={error} what={props.what} again={() => void mutate()} /> : <Loading what={props.slowly ?? props.what} takesLong={props.slowly !== undefined} />}</div>;
  }
  return (
    <>
      {error && <Notice kind="bad">{saidOf(error)} What you see is from before.</Notice>}
      {props.children(data)}
    </>
  );
}
