"""Forms of the switch: why, and for an opening from which day on."""

from __future__ import annotations

from wtforms import DateField, TextAreaField
from wtforms.validators import Length, Optional

from fulian.programmes.service import REASON_LENGTH
from fulian.web.forms import BaseForm, Filled


class SwitchForm(BaseForm):
    """Why a programme is stopped, resumed or closed somewhere."""

    reason = TextAreaField(
        "事由",
        [Filled(), Length(max=REASON_LENGTH)],
        description="例如文件名称和文号。会记入启用记录和日志。",
    )


class OpenForm(SwitchForm):
    """Why, and from which day on, a programme is opened somewhere."""

    starts_on = DateField("从哪天起", [Optional()], description="不填就是现在。写以后的日子，到那天零点自动启用。")
