import type { ButtonHTMLAttributes } from "react";

/** A button of something that takes a while. While it is under way the button is grey and does nothing, but keeps the focus, which one that is disabled loses. */
export function Press(props: ButtonHTMLAttributes<HTMLButtonElement> & { busy: boolean }) {
  const { busy, onClick, ...more } = props;
  return (
    <button
      type="button"
      {...more}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault(); // nor does it send its form
        else onClick?.(event);
      }}
    />
  );
}
