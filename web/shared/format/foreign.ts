/** Strings that strangers wrote. Pages show them as text (React escapes them) in a <bdi>, after this. */

// Controls (tabs and line breaks aside), marks and overrides of direction, and what is drawn with no width.
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text without what cannot be seen or turns others around, cut to `most` characters. */
export function plain(text: string, most = 200): string {
  const seen = text.slice(0, most * 4).replace(UNSEEN, "");
  const characters = Array.from(seen);
  return characters.length <= most && text.length <= most * 4 ? seen : `${characters.slice(0, most).join("")}…`;
}
