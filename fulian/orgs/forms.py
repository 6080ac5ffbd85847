"""Forms of the organisation tree."""

from __future__ import annotations

from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from fulian.orgs.service import REASON_LENGTH
from fulian.web.forms import BaseForm, Filled


class MoveForm(BaseForm):
    """Why an organisation is hung somewhere else; its new place and the version it was read in come along."""

    parent_id = HiddenField(validators=[Filled()])
    version = HiddenField(validators=[Filled()])
    reason = TextAreaField(
        "事由",
        [Filled(), Length(max=REASON_LENGTH)],
        description="例如“聊政通字〔2025〕2 号，社区划转”。会记入日志。",
    )
