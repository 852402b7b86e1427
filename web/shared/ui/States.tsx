import type { ReactNode } from "react";

import { AskError } from "../http";

/** Nothing is there, and what to do about it. `within`: a part of the page that has a heading. */
export function Empty(props: { title: string; within?: boolean; children?: ReactNode }) {
  const Heading = props.within ? "h3" : "h2";
  return (
    <div className="state">
      <Heading>{props.title}</Heading>
      {props.children}
    </div>
  );
}

/** It is on its way. */
export function Loading(props: { what: string; takesLong?: boolean }) {
  return (
    <div role="status" aria-live="polite">
      {props.takesLong ? <p className="hint">Loading {props.what} …</p> : <span className="hidden">Loading {props.what} …</span>}
      <div aria-hidden="true">
        <div className="waiting" />
        <div className="waiting" />
        <div className="waiting" />
      </div>
    </div>
  );
}

/** It did not come, why, and a way to try again. */
export function Failure(props: { error: unknown; what: string; again?: () => void }) {
  const missing = props.error instanceof AskError && props.error.trouble === "missing";
  return (
    <div className="state" role="alert">
      <h2>{missing ? `${sentence(props.what)} is not known here` : `${sentence(props.what)} could not be loaded`}</h2>
      <p>{saidOf(props.error)}</p>
      {props.again && (
        <div className="row">
          <button type="button" onClick={props.again}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

/** One line of trouble or success above a page that goes on. */
export function Notice(props: { kind: "bad" | "warn" | "good"; children: ReactNode }) {
  return (
    <div className={`notice ${props.kind}`} role={props.kind === "bad" ? "alert" : "status"}>
      {props.children}
    </div>
  );
}

/** An error's text for people. */
export function saidOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong that has no name.";
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
