"""人民调解法第四条: 人民调解委员会调解民间纠纷，不收取任何费用."""

from __future__ import annotations

import re

from fulian_mediation import forms
from fulian_mediation.programme import PROGRAMME

from fulian.api import Base, BaseForm

MONEY = re.compile("fee|charge|price|cost|paid|pay(?!ment)|deposit|invoice|receipt_no|amount")
WORDS = re.compile("收费|费用|缴费|金额|押金")


def all_forms() -> list[type[BaseForm]]:
    found = [PROGRAMME.intake.form, *(transition.form for transition in PROGRAMME.transitions)]
    return [*found, forms.ClosingForm]


def test_no_table_has_a_column_for_money() -> None:
    """人民调解法第四条; 山东省多元化解纠纷促进条例第六十二条."""
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("mediation_")]
    assert len(tables) == 8
    assert not [
        f"{table.name}.{column.name}" for table in tables for column in table.columns if MONEY.search(column.name)
    ]


def test_no_form_asks_for_money() -> None:
    """人民调解法第四条: the only word on it says that nothing is charged."""
    for form in all_forms():
        for name in dir(form):
            field = getattr(form, name)
            if not hasattr(field, "field_class"):
                continue
            assert not MONEY.search(name), (form, name)
            assert not WORDS.search(str(field.args[0])), (form, name)
