"""The words of people: titles, how posts begin and end, what consents are for, why a number is shown.

Titles and changes are stored as the field's own words, since an organisation's roster is read with them. Codes of
consents and reasons are English; their labels stand here.
"""

from __future__ import annotations

from collections.abc import Mapping

TITLES = ("执委", "主席", "副主席", "专干", "网格长", "网格员")
ROSTER = ("主席", "副主席", "专干", "执委", "网格长", "网格员")  # the order in which an organisation lists its people
SINGLE_TITLES = frozenset({"主席"})  # 《妇联章程》: the executive committee elects one 主席

BEGINNINGS = ("当选", "替补", "增补", "增选", "聘任")
ENDINGS = ("辞任", "免职", "届满")

PURPOSES: Mapping[str, str] = {
    "notice": "信息告知",
    "sensitive": "敏感信息",
    "portrait": "肖像宣传",
    "share": "对外转介",
}
BASES: Mapping[str, str] = {
    "consent": "本人同意",
    "duty": "法定职责",
    "urgent": "紧急情况",
}
# PIPL 25, 29 and 23: these two, and sensitive data where no duty asks for it, take a consent of their own.
CONSENT_ONLY = frozenset({"portrait"})

REVEAL_REASONS: Mapping[str, str] = {
    "verify": "核对身份",
    "contact": "联系本人",
    "document": "制作文书",
    "referral": "转介报案",
    "other": "其他",
}

# What is sealed and can be shown on its own, with the label it has on the page.
SEALED_LABELS: Mapping[str, str] = {
    "document_number": "证件号",
    "phone": "电话",
    "phone_note": "联系提示",
    "address": "现住址",
    "registered_address": "户籍地址",
    "note": "备注",
}

FIELD_LABELS: Mapping[str, str] = {
    "name": "姓名",
    "sex": "性别",
    "birth_date": "出生日期",
    "document_kind": "证件类型",
    "division_code": "现住地",
    "registered_division_code": "户籍地",
    "ethnicity": "民族",
    "education": "文化程度",
    "marital": "婚姻状况",
    "political": "政治面貌",
    "occupation": "职业",
    "employer": "工作单位",
    **SEALED_LABELS,
}
