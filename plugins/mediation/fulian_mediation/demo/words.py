"""What demo cases are about and what is said in them. All of it is invented; likeness to a real case is chance."""

from __future__ import annotations

from collections.abc import Mapping

# What the second person is to the first → disputes (codes), the frequent ones several times.
DISPUTES_OF_KIN: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "spouse": (
        ("feelings",),
        ("feelings",),
        ("feelings", "maintenance"),
        ("maintenance",),
        ("divorce",),
        ("divorce", "maintenance"),
        ("divorce_property",),
        ("betrothal_gifts",),
        ("education",),
        ("gambling_drink", "feelings"),
        ("affair", "feelings"),
        ("visits",),
    ),
    "in_law": (("in_laws",), ("in_laws",), ("in_laws", "household_division")),
    "child": (("support_of_parents",), ("support_of_parents",), ("inheritance",), ("household_division",)),
}
AFTER_DIVORCE = frozenset({"divorce_property", "visits"})

SUMMARIES: Mapping[str, tuple[str, ...]] = {
    "feelings": (
        "近半年常因家务和开销争吵，女方回娘家住了一个月，双方都愿意谈一谈。",
        "男方常年在外打工，沟通少，因孩子上学在哪里读争执不下。",
        "结婚三年，因手机聊天记录起疑，互不说话两个月。",
    ),
    "maintenance": (
        "分居四个月，对方未给孩子生活费，要求按月支付。",
        "孩子上初中后开销增加，原来约定的抚养费不够，要求增加。",
    ),
    "divorce": (
        "双方对是否离婚意见不一，一方坚持离，一方不同意，请求调解。",
        "双方同意分开，孩子跟谁生活、房子怎么办谈不拢。",
    ),
    "divorce_property": (
        "离婚协议约定的五万元补偿逾期未给，要求履行。",
        "离婚后共同购置的车辆一直未过户，双方各说各理。",
    ),
    "betrothal_gifts": (
        "订婚后未登记，男方要求退还彩礼，女方认为已用于置办嫁妆。",
        "结婚不足一年分开，彩礼退多少谈不拢。",
    ),
    "education": ("因孩子沉迷手机、成绩下降互相埋怨，常当着孩子争吵。",),
    "gambling_drink": ("男方酗酒、打牌，家里积蓄所剩无几，女方要求他戒酒并把工资交家里。",),
    "affair": ("一方怀疑另一方与他人来往过密，要求当面说清并断绝来往。",),
    "visits": ("离婚后对方不让看孩子，已三个月没有见面，要求固定探望时间。",),
    "in_laws": (
        "婆媳同住，因带孩子的方式和家务分工争吵，儿子夹在中间。",
        "婆婆认为儿媳不孝，儿媳认为婆婆偏心小儿子，已分灶吃饭。",
    ),
    "household_division": ("老宅拆迁补偿款怎样分，家里意见不一。",),
    "support_of_parents": (
        "老人独居，几个子女轮流照顾未落实，要求商定赡养办法。",
        "老人住院费用由谁出谈不拢，要求子女分担。",
    ),
    "inheritance": ("老人去世后留下的房屋由谁继承，兄弟姐妹各有说法。",),
    "violence": (
        "报称对方酒后动手，左臂有瘀伤，已到社区卫生室处理。",
        "报称多次被威胁、跟踪，不敢回家住。",
        "公安推送：邻居报警称夫妻打架，民警已到场制止。",
    ),
}

AGAIN = (
    "双方各说了自己的难处，男方答应先把工资卡交家里，女方要求看一段时间。约定过些日子再谈。",
    "先分别谈，再坐到一起。大的方面有松动，数目还没有谈拢。",
    "一方情绪较激动，谈了四十分钟后休息；双方同意回去想一想，下次带上单据。",
)
REACHED = (
    "双方当面把话说开，对照单据逐项核对，达成一致。",
    "请了村里的长辈到场劝说，双方都让了一步，谈成了。",
    "说明法律规定和各自的责任后，双方愿意各退一步，逐条商定。",
)
FAILED = (
    "双方分歧太大，各不相让，未能达成一致。已告知可以走诉讼途径。",
    "一方中途离席，表示只愿到法院解决。",
)
UNREACHED_NOTES = ("电话打通，说明了来意。", "到家里见了面，说明调解自愿、不收费。", "由村网格员陪同上门。")
REFUSED_NOTES = ("表示没有什么好谈的，要打官司。", "表示家里的事不用外人管，谢绝调解。")

# The dispute that an agreement settles → its clauses: text, matter, way, term.
Clauses = tuple[tuple[str, str, str, str], ...]
CLAUSES: Mapping[str, Clauses] = {
    "feelings": (
        ("双方互相谅解，今后遇事商量，不再冷战、不翻旧账。", "conduct", "", ""),
        ("男方每月把工资的七成交家里统一安排，女方记账，双方都可以看。", "payment", "transfer", "每月 10 日前"),
    ),
    "maintenance": (
        ("一方每月支付孩子抚养费 800 元，直接付到抚养人账户。", "payment", "transfer", "每月 5 日前，到孩子满 18 岁"),
        ("孩子大病医疗费、择校费凭票据双方各付一半。", "payment", "transfer", "见票后 15 日内"),
    ),
    "divorce": (
        ("双方同意到婚姻登记机关办理离婚登记。", "status", "in_person", "两个月内"),
        ("孩子随一方生活，另一方每月支付抚养费 1,000 元。", "payment", "transfer", "每月 5 日前"),
    ),
    "divorce_property": (("对方分三次付清五万元补偿。", "payment", "transfer", "每季度末一次，三次付清"),),
    "betrothal_gifts": (("女方退还彩礼三万元，其余不再主张。", "payment", "transfer", "协议生效后 30 日内"),),
    "education": (("每天由父母一方陪孩子做完作业再看手机，不当着孩子争吵。", "conduct", "", ""),),
    "gambling_drink": (("男方不再参与打牌，少饮酒；每月工资交家里。", "conduct", "", "从协议生效起"),),
    "affair": (("双方不再与第三人有越界的来往，互相查问时好好说话。", "conduct", "", ""),),
    "visits": (("每月第二、第四个周六由另一方接孩子，当天 18 时前送回。", "care", "in_person", "每月两次"),),
    "in_laws": (
        ("婆媳分开做饭，孩子白天由婆婆帮带，教育方式听父母的。", "care", "", ""),
        ("双方有意见当面说，不向邻里说对方不是。", "conduct", "", ""),
    ),
    "household_division": (
        ("拆迁补偿款按登记的人口分，老人的一份由老人自己支配。", "payment", "transfer", "到账后 15 日内"),
    ),
    "support_of_parents": (
        ("子女每人每月给老人 300 元生活费。", "payment", "cash", "每月 1 日前"),
        ("老人由子女轮流照顾，每家一个月；住院费用平均分担。", "care", "in_person", "按月轮换"),
    ),
    "inheritance": (("房屋由照顾老人的一方居住使用，份额按照法律规定。", "title", "other", ""),),
    "violence": (
        ("一方保证不再动手、不再威胁，如有再犯，另一方可以报警并申请人身安全保护令。", "conduct", "", "从协议生效起"),
    ),
}
FACTS = "双方对事情的经过没有异议，愿意协商解决。"

VISIT_NOTES = ("关系缓和，孩子情绪也好。", "按约定做到了，双方都说好。", "还有小的口角，已劝说。", "近期没有再争吵。")
CLOSE_NOTES: Mapping[str, tuple[str, ...]] = {
    "10": ("协议已经履行，回访情况稳定，办结。", "双方按协议履行，矛盾化解。"),
    "11": ("口头约定已经做到，办结。",),
    "12": ("达成的部分已经履行，其余双方愿意另行解决。",),
    "20": ("多次调解未成，已告知仲裁、行政、诉讼途径。",),
    "30": ("一方明确不愿调解，终止。", "申请人撤回申请，双方自行商量。"),
    "40": ("已由公安机关处理，后续配合回访。",),
    "41": ("当事人愿走诉讼途径，终止调解。",),
    "42": ("事项属其他单位职责，已说明并移交材料。",),
    "50": ("核实后不属婚姻家庭纠纷，已说明去处。",),
    "90": ("双方已自行和好，不再需要调解。",),
}
TRANSFERRED_TO: Mapping[str, tuple[str, ...]] = {
    "41": ("有管辖权的人民法院", "人民法院诉前调解中心"),
    "42": ("民政局婚姻登记处", "司法所", "法律援助中心"),
}
PLACES = ("婚调室", "妇女之家", "村委会会议室", "当事人家中")
