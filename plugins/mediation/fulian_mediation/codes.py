"""Code lists of mediation. [D] = of this house, since neither law nor standard has one; the rest names its source."""

from __future__ import annotations

from collections.abc import Iterable

CODE = "mediation"

Choices = tuple[tuple[str, str], ...]

# What the respondent is to the applicant. Former spouses, lovers and former lovers must be there: they too can ask for
# a protection order (妇女权益保障法第二十九条).
RELATIONS: Choices = (
    ("husband", "丈夫"),
    ("wife", "妻子"),
    ("ex_husband", "前夫"),
    ("ex_wife", "前妻"),
    ("lover", "恋人"),
    ("ex_lover", "前恋人"),
    ("parent_in_law", "公婆"),
    ("wife_parent", "岳父母"),
    ("child", "子女"),
    ("parent", "父母"),
    ("sibling", "兄弟姐妹"),
    ("other", "其他"),
)

# What the dispute is about: sub-types of marriage and family after the civil causes of action, and the federation's
# own words; the six most frequent first. Labels have four characters at most: a phone shows four beside each other.
FIRST_DISPUTES = 6
VIOLENCE = "violence"
DISPUTES: Choices = (
    ("feelings", "夫妻感情"),
    ("maintenance", "抚养费"),
    ("in_laws", "婆媳"),
    ("support_of_parents", "赡养"),
    ("betrothal_gifts", "彩礼"),
    (VIOLENCE, "家暴"),
    ("divorce", "离婚"),
    ("divorce_property", "离婚财产"),
    ("divorce_damages", "离婚赔偿"),
    ("validity", "婚姻效力"),
    ("property_pact", "财产约定"),
    ("cohabitation", "同居析产"),
    ("parentage", "亲子关系"),
    ("support_of_spouse", "扶养"),
    ("adoption", "收养"),
    ("guardianship", "监护权"),
    ("visits", "探望权"),
    ("household_division", "分家析产"),
    ("inheritance", "继承"),
    ("affair", "婚外情"),
    ("education", "子女教育"),
    ("gambling_drink", "赌博酗酒"),
)

# How a case comes: an application in its forms, on our own initiative, or handed over (人民调解法第十七、十八条).
SOURCES: Choices = (
    ("visit", "来访"),
    ("hotline", "12338"),
    ("police", "公安推送"),
    ("grid", "网格排查"),
    ("letter", "来信"),
    ("online", "网络"),
    ("court", "法院委托"),
    ("own", "主动调解"),
)

YES, NO, UNSAID = "yes", "no", "unsaid"
SCREEN_ANSWERS: Choices = ((YES, "有"), (NO, "没有"), (UNSAID, "没说"))
SAFETY_ANSWERS: Choices = ((NO, "安全"), (YES, "不安全"), (UNSAID, "没说"))

AGREED, UNREACHED, REFUSED = "agreed", "unreached", "refused"
WILLINGNESS: Choices = ((AGREED, "同意"), (UNREACHED, "未联系上"), (REFUSED, "拒绝"))

APPLICANT, RESPONDENT = "applicant", "respondent"
SIDES: Choices = ((APPLICANT, "甲方"), (RESPONDENT, "乙方"))

REACHED, AGAIN, FAILED = "reached", "again", "failed"
SESSION_RESULTS: Choices = ((REACHED, "谈成了"), (AGAIN, "再约一次"), (FAILED, "没谈成"))

WRITTEN, ORAL = "written", "oral"
AGREEMENT_KINDS: Choices = ((WRITTEN, "书面协议"), (ORAL, "口头协议"))

# What a clause is about decides whether a court can confirm it.
STATUS, TITLE = "status", "title"
CLAUSE_MATTERS: Choices = (
    ("payment", "给钱给物"),
    ("care", "照顾探望"),
    ("conduct", "言行约定"),
    (STATUS, "离婚收养"),
    (TITLE, "产权归谁"),
    ("other", "其他"),
)
# 身份关系 and 物权确权 are not confirmed: 最高人民法院关于适用《民事诉讼法》的解释第三百五十五条.
NOT_CONFIRMED = frozenset({STATUS, TITLE})

CLAUSE_WAYS: Choices = (("transfer", "转账"), ("cash", "现金"), ("in_person", "当面办"), ("other", "其他"))

VISITED: Choices = (("both", "双方"), *SIDES)
VISIT_WAYS: Choices = (("home", "上门"), ("phone", "电话"), ("office", "来访"), ("online", "微信"))
PERFORMANCE: Choices = (
    ("not_due", "未到期"),
    ("done", "履行完毕"),
    ("partly", "部分履行"),
    ("none", "未履行"),
    ("sued", "已起诉"),
)
SATISFACTION: Choices = (("very", "很满意"), ("satisfied", "满意"), ("fair", "一般"), ("unsatisfied", "不满意"))

YES_NO: Choices = ((NO, "没有"), (YES, "有"))

# Outcomes of a closed case [D].
WRITTEN_AGREEMENT, ORAL_AGREEMENT, PARTIAL = "10", "11", "12"
NOT_REACHED, REFUSED_OR_WITHDRAWN = "20", "30"
TO_POLICE, TO_COURT, TO_OTHERS = "40", "41", "42"
NOT_OURS, OTHER = "50", "90"


def label_of(choices: Choices, code: str | None) -> str:
    """What a code is called, "" for None and for a code that is no longer in the list."""
    return dict(choices).get(code or "", "")


def dispute_labels(codes: Iterable[str]) -> str:
    """夫妻感情、抚养费: the labels of dispute codes in the order of the list."""
    wanted = set(codes)
    return "、".join(label for code, label in DISPUTES if code in wanted)
