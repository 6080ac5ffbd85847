"""Fills a .docx template; run as `python -m fulian.documents.docx_child` by `render.py`, never in a server's process.

docxtpl takes an unsandboxed Jinja2 environment by default, and in that a template runs any program.
"""

from __future__ import annotations

import base64
import io
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from fulian.documents.child import answer_one

PROPERTY_LENGTH = 255  # python-docx refuses a longer core property


def _to_xml(value: object) -> Markup:
    """A value as XML text. `str` also takes the mark of `|safe` off: no value ever becomes XML.

    Braces are written as references, since docxtpl rewrites what looks like its own escapes (`{_{`) after rendering. A
    newline is given as the bell that docxtpl turns into a paragraph: a mere line break would stretch the line before.
    """
    return Markup(str(escape(str(value))).replace("{", "&#123;").replace("}", "&#125;").replace("\n", "\a"))  # noqa: S704 - escaped here


def sandbox(*, xml: bool) -> Environment:
    """The Jinja2 environment of templates: sandboxed, no globals, an unknown name is an error; escaping where `xml`."""
    environment = ImmutableSandboxedEnvironment(
        autoescape=xml, undefined=StrictUndefined, finalize=_to_xml if xml else None
    )
    environment.globals.clear()
    return environment


class _Paper(DocxTemplate):  # type: ignore[misc]  # docxtpl has no types
    """A template whose document properties are filled as plain text: they are not XML until python-docx saves them."""

    def render_properties(self, context: dict[str, Any], jinja_env: Environment | None = None) -> None:
        properties = self.docx.core_properties
        for name in ("author", "comments", "identifier", "subject", "title"):
            filled = sandbox(xml=False).from_string(getattr(properties, name)).render(context)
            setattr(properties, name, filled[:PROPERTY_LENGTH])


def fill_docx(template: bytes, data: dict[str, Any]) -> bytes:
    """`template` (.docx) with its tags in body, headers, footers, notes and properties filled from cleaned `data`."""
    paper = _Paper(io.BytesIO(template))
    paper.render(data, sandbox(xml=True), autoescape=True)
    filled = io.BytesIO()
    paper.save(filled)
    return filled.getvalue()


def _answer(request: dict[str, Any]) -> bytes:
    return fill_docx(base64.b64decode(request["template"]), request["data"])


if __name__ == "__main__":
    answer_one(_answer, (TemplateError,))
