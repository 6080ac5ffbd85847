"""Forms of the switch."""

from __future__ import annotations

from wtforms import DateField, StringField
from wtforms.validators import Length, Optional

from fulian.programmes.service import REASON_LENGTH
from fulian.web.forms import BaseForm, Filled


class OpenForm(BaseForm):
    """Opening a programme, today or from a later day."""

    starts_on = DateField("哪天起启用", [Optional()], description="不填就是现在。")
    reason = StringField(
        "事由", [Filled("请写明事由，例如文件名称和文号。"), Length(max=REASON_LENGTH)], description="会记入启用记录。"
    )


class StopForm(BaseForm):
    """Stopping, resuming or ending: only why."""

    reason = StringField(
        "事由", [Filled("请写明事由，例如文件名称和文号。"), Length(max=REASON_LENGTH)], description="会记入启用记录。"
    )
