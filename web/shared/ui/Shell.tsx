import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";

import mark from "../mark.svg";
import { ThemeSwitch } from "./ThemeSwitch";
import { useKeptFocus } from "./useKeptFocus";

export interface Place {
  /** Path of the page. */
  readonly path: string;
  readonly name: string;
  /** Where it is as well; all that begins with it. */
  readonly also?: string;
}

/** The frame of every page: skip link, name, places to go, what is shown, and a line at the bottom. */
export function Shell(props: { name: string; places: readonly Place[]; bottom?: ReactNode; beside?: ReactNode; children: ReactNode }) {
  const [here] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useKeptFocus(main);
  useEffect(() => {
    // A new page is read from its top, by eye and by screen reader; the first one is where the browser put it.
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    first.current = false;
  }, [here]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <div className="top-row">
          <Link href="/" className="brand">
            <img src={mark} alt="" />
            {props.name}
          </Link>
          <nav className="places" aria-label="Pages">
            {props.places.map((place) => (
              <Link key={place.path} href={place.path} aria-current={isAt(here, place) ? "page" : undefined}>
                {place.name}
              </Link>
            ))}
          </nav>
          {props.beside !== undefined && <span role="status">{props.beside}</span>}
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {props.children}
      </main>
      {props.bottom !== undefined && (
        <footer className="bottom">
          <div>{props.bottom}</div>
        </footer>
      )}
    </>
  );
}

function isAt(here: string, place: Place): boolean {
  if (place.also !== undefined && here.startsWith(place.also)) return true;
  return place.path === "/" ? here === "/" : here.startsWith(place.path);
}

/** The head of a page: its title (also of the window), a line under it, and what can be done here. */
export function PageHead(props: { title: string; windowTitle?: string; lead?: ReactNode; children?: ReactNode }) {
  const title = props.windowTitle ?? props.title;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div className="page-head">
      <div>
        <h1>
          <bdi>{props.title}</bdi>
        </h1>
        {props.lead !== undefined && <p>{props.lead}</p>}
      </div>
      {props.children !== undefined && <div className="row">{props.children}</div>}
    </div>
  );
}
