"""Compiles a typst template; run as `python -m fulian.documents.pdf_child` by `render.py`."""

from __future__ import annotations

import json
from typing import Any

import typst

from fulian.documents.child import answer_one


def compile_pdf(request: dict[str, Any]) -> bytes:
    """The PDF of `request["main"]` under `request["root"]`, the only folder it can read besides the fonts.

    The data is `json(bytes(sys.inputs.data))` in the template: text in a value stays text, whatever it looks like.
    """
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[request["fonts"]])
    compiler = typst.Compiler(
        input=request["main"],
        root=request["root"],
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(request["data"], ensure_ascii=False)},
        package_path=request["root"],
        package_cache_path=request["root"],
    )
    pdf = compiler.compile(format="pdf")
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no bytes for a PDF")
    return pdf


if __name__ == "__main__":
    answer_one(compile_pdf, (typst.TypstError,))
