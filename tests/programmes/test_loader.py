"""A plugin that is wrong stops the start with one plain sentence; a blocked one is left out."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from fulian_mediation.programme import PROGRAMME
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base
from fulian.errors import StartRefused
from fulian.hooks import hookimpl
from fulian.programmes.loader import load_plugins
from fulian.programmes.programme import Plugin, Transition


def module(code: str = "mediation", name: str | None = None, **attributes: Any) -> ModuleType:
    made = ModuleType(name or code)
    made.PLUGIN = Plugin(code, "试验", f"trial_{code}")  # type: ignore[attr-defined]
    for key, value in attributes.items():
        setattr(made, key, value)
    return made


def answering(programme: Any) -> Any:
    @hookimpl
    def fulian_programme() -> Any:
        if isinstance(programme, Exception):
            raise programme
        return programme

    return fulian_programme


def test_the_installed_plugin_is_loaded() -> None:
    loaded = load_plugins()
    assert loaded.programmes["mediation"].name == "水城家和"
    assert [lineage.version_table for lineage in loaded.lineages()] == [
        "alembic_version",
        "alembic_version_mediation",
    ]


def test_a_blocked_plugin_is_left_out() -> None:
    loaded = load_plugins(blocked=("mediation",))
    assert (dict(loaded.programmes), loaded.blocked) == ({}, ("mediation",))


def test_a_plugin_without_a_programme_is_fine() -> None:
    assert load_plugins([module("outbox")]).plugins["outbox"].name == "试验"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (module("lectures", PLUGIN=None), "没有 PLUGIN"),
        (module("Lectures"), "小写字母"),
        (module("cases"), "已被占用"),
        (module("lectures", fulian_no_such_hook=hookimpl(lambda: None)), "钩子"),
        (module("lectures", fulian_programme=answering("a text")), "没有给出 Programme"),
        (module("lectures", fulian_programme=answering(LookupError("broken"))), "broken"),
        (module("lectures", fulian_programme=answering(PROGRAMME)), "与插件不同"),
        (
            module("lectures", fulian_programme=answering(replace(PROGRAMME, code="lectures"))),
            "明细表应名为 lectures_detail",
        ),
        (
            module(
                fulian_programme=answering(
                    replace(
                        PROGRAMME,
                        transitions=(Transition("x", "试", ("no_such",), None, PROGRAMME.intake.form),),
                    )
                )
            ),
            "没有的阶段",
        ),
    ],
)
def test_a_wrong_plugin_stops_the_start(wrong: ModuleType, sentence: str) -> None:
    with pytest.raises(StartRefused, match=sentence):
        load_plugins([wrong], reserved=frozenset({"cases"}))


def test_two_plugins_of_one_code_are_refused() -> None:
    with pytest.raises(StartRefused, match="已被占用"):
        load_plugins([module("outbox"), module("outbox", name="other")])


def test_a_table_without_the_prefix_is_refused() -> None:
    class Stray(Base):
        __tablename__ = "stray_detail"
        case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)

    Stray.__module__ = "trial_lectures.models"

    try:
        with pytest.raises(StartRefused, match="须以 lectures_ 开头"):
            load_plugins([module("lectures")])
    finally:
        Base.metadata.remove(Stray.metadata.tables["stray_detail"])
        Base.registry._dispose_cls(Stray)
