"""What every page is held against: no overflow, no stray English, one filled button, axe finds nothing."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe

# What may stand in Latin letters: kinds of files, and a hint's example of an account name.
LATIN = re.compile(r"[A-Za-z]{3,}")
KNOWN = {"pdf", "docx", "word", "excel", "jpg", "png", "wps", "xiuying"}

_OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth
  return [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect()
    if (!box.width || box.right <= wide + 1) return false
    const clips = p => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)
    for (let p = e; p; p = p.parentElement) if (clips(p)) return false
    return true
  }).slice(0, 3).map(e => e.outerHTML.slice(0, 120))
}"""
_FILLED = """() => [...document.querySelectorAll('main .btn-primary')]
  .filter(e => e.offsetParent !== null).map(e => e.textContent.trim())"""
_TEXT = """() => { const copy = document.body.cloneNode(true)
  copy.querySelectorAll('.mask, script, style, code').forEach(e => e.remove()); return copy.innerText }"""


def log_in(page: Any, username: str, password: str) -> None:
    """Log in as a person does."""
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("form button[type=submit], form .btn-primary")
    page.wait_for_url(lambda url: "/login" not in url)


def faults(page: Any, usernames: set[str]) -> list[str]:
    """What is wrong with the page as it stands, one line each."""
    found = [f"too wide: {element}" for element in page.evaluate(_OVERFLOW)]
    filled = page.evaluate(_FILLED)
    if len(filled) > 1:
        found.append(f"{len(filled)} filled buttons: {filled}")
    words = {word.lower() for word in LATIN.findall(page.evaluate(_TEXT))}
    found += [f"English: {word}" for word in sorted(words - KNOWN - usernames)]
    for violation in Axe().run(page).response["violations"]:
        nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:2])
        found.append(f"axe {violation['id']}: {nodes}")
    return found
