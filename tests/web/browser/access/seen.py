"""What a page shows and tells, worked out in the browser."""

from __future__ import annotations

from typing import TypedDict

from playwright.sync_api import Page

# Elements that are wider than the window, or whose words stand outside what they are shown in.
CUT_OFF = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  const words = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    if (element.closest(".hidden, .skip, thead, svg, option") !== null || element.getClientRects().length === 0) continue;
    const box = element.getBoundingClientRect();
    if (words(element) && box.right > wide + 1) found.push(["outside the window", element.textContent.slice(0, 40)]);
    const style = getComputedStyle(element);
    const hides = style.overflowX !== "visible" || style.overflowY !== "visible";
    const clamped = style.webkitLineClamp !== "none";
    if (hides && !clamped && !["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName)
        && (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1)) {
      found.push(["cut off", element.className, element.textContent.slice(0, 40)]);
    }
    const around = element.parentElement.getBoundingClientRect();
    if (words(element) && box.right > around.right + 1 && getComputedStyle(element.parentElement).display !== "inline") {
      found.push(["over its edge", element.className, element.textContent.slice(0, 40)]);
    }
  }
  return found.slice(0, 6);
}"""  # noqa: E501 - a script

# In pixels as they are drawn.
CHART_LETTERS = """() => [...document.querySelectorAll(".chart text")].map((text) => {
  const scale = text.ownerSVGElement.getScreenCTM().a;
  return Number.parseFloat(getComputedStyle(text).fontSize) * scale;
})"""


class Told(TypedDict):
    """A thing as a screen reader is told of it."""

    role: str
    name: str
    description: str


def told(page: Page) -> list[Told]:
    """Everything on the page that Chromium tells assistive technology, in order."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()

    def text(node: dict[str, dict[str, str]], key: str) -> str:
        return str(node.get(key, {}).get("value", ""))

    return [
        Told(role=text(node, "role"), name=text(node, "name"), description=text(node, "description"))
        for node in nodes
        if not node.get("ignored")
    ]
