"""What the acts of the log are called on its page and in a case's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fulian.audit.tried import OTHER
from fulian.audit.tried import WORDS as TRIED

OUTCOMES: Mapping[str, str] = {"done": "已办", "refused": "被拒", "read": "查看"}

# Beginnings of acts, for the filter.
GROUPS: Mapping[str, str] = {
    "login.": "登录",
    "account.": "账号与授权",
    "request.": "三员申请",
    "second_factor.": "验证器",
    "case.": "案件",
    "task.": "待办",
    "event.": "经过",
    "attachment.": "附件",
    "document.": "文书",
    "person.": "人员",
    "post.": "职务",
    "consent.": "同意",
    "organisation.": "组织",
    "programme.": "品牌项目",
    "backup.": "备份",
    "job.": "后台任务",
    "keys.": "密钥",
    "demo.": "演示数据",
}

ACTS: Mapping[str, str] = {
    "login.done": "登录",
    "login.by_slip": "用恢复码登录",
    "login.failed": "登录失败",
    "login.locked": "登录被锁",
    "login.ended": "退出登录",
    "login.ended_elsewhere": "让别处的登录退出",
    "login.password_fits": "密码正确，等验证码",
    "account.created": "新开账号",
    "account.three_created": "新开三员账号",
    "account.invited": "开通账号",
    "account.edited": "修改账号",
    "account.disabled": "停用账号",
    "account.enabled": "恢复账号",
    "account.role_granted": "授予角色",
    "account.role_ended": "收回角色",
    "account.role_renewed": "角色续期",
    "account.password_changed": "修改密码",
    "account.password_reset": "重置密码",
    "account.device_reset": "重办验证器",
    "account.device_set": "设验证器",
    "account.slips_renewed": "重印恢复码",
    "second_factor.ruled": "规定要不要验证器",
    "request.asked": "提出申请",
    "request.declined": "不同意申请",
    "case.opened": "登记案件",
    "case.read": "查看受限案件",
    "case.edited": "更正案件",
    "case.assigned": "换经办人",
    "case.closed": "办结案件",
    "case.referral_asked": "请别的组织接收",
    "case.referral_refused": "退回共享、转办",
    "case.referral_ended": "收回共享、转办",
    "case.shared": "接收共享",
    "case.transferred": "接收转办",
    "case.reopened": "重新办理",
    "case.voided": "作废案件",
    "case.restored": "撤销作废",
    "case.restricted": "设为受限案件",
    "case.unrestricted": "取消受限",
    "case.break_glass": "紧急查看",
    "task.added": "加待办",
    "task.finished": "办完待办",
    "event.added": "记一笔",
    "attachment.added": "存入附件",
    "attachment.read": "下载附件",
    "attachment.withdrawn": "撤下附件",
    "document.docx": "打印文书（Word）",
    "document.pdf": "打印文书（PDF）",
    "person.registered": "登记人员",
    "person.edited": "修改人员",
    "person.linked": "关联人员",
    "person.found_elsewhere": "查到别处的人员",
    "person.revealed": "显示完整信息",
    "person.merged": "合并人员",
    "person.merge_undone": "撤销合并",
    "post.held": "任职",
    "post.ended": "离任",
    "consent.recorded": "登记同意",
    "consent.withdrawn": "撤回同意",
    "organisation.moved": "调整组织隶属",
    "programme.opened": "启用项目",
    "programme.intake_stopped": "停止受理",
    "programme.intake_resumed": "恢复受理",
    "programme.closed": "停用项目",
    "programme.cancelled": "取消启用",
    "backup.made": "做备份",
    "backup.restored": "从备份恢复",
    "keys.rotated": "更换密钥",
    "keys.removed": "移除旧密钥",
    "job.cancelled": "取消后台任务",
    "job.retried": "重办后台任务",
    "demo.loaded": "装入演示数据",
}

# What the core's own acts write down; the fields of a programme's forms have their own labels.
FIELD_WORDS: Mapping[str, str] = {
    "number": "案号",
    "subject": "事由",
    "risk": "风险等级",
    "stage": "阶段",
    "status": "状态",
    "outcome": "结果",
    "note": "说明",
    "handler": "经办",
    "reason": "理由",
    "restricted": "受限",
    "hours": "几小时内可看",
    "label": "是什么",
    "size": "大小",
    "title": "标题",
    "text": "经过",
    "due_on": "期限",
    "done_at": "办完时间",
    "document": "文书",
    "kind": "方式",
    "to": "给哪个组织",
    "basis": "依据",
    "org": "责任组织",
    "name": "姓名",
    "phone": "电话",
    "phone_note": "联系说明",
    "address": "住址",
    "document_kind": "证件种类",
    "document_number": "证件号码",
    "sex": "性别",
    "birth_date": "出生日期",
    "occupation": "职业",
    "username": "账号",
    "role": "角色",
    "org_id": "组织",
    "parent_id": "上级组织",
    "programme": "项目",
    "starts_at": "何时起",
    "starts_on": "何时起",
    "ends_on": "何时止",
    "message": "说了什么",
    "field": "哪一栏",
    "submission_id": "哪一次填写",
}


def act_word(act: str, transitions: Mapping[str, str]) -> str:
    """The words for an act; `transitions` maps the codes of the programmes' own acts,
    and the names of their permissions, to words."""
    if act in ACTS:
        return ACTS[act]
    head, _dot, code = act.partition(".")
    if head == "refused":
        return f"试过：{TRIED.get(code) or ACTS.get(code) or transitions.get(code) or OTHER}"
    return transitions.get(code) or act


def field_words(fields: Iterable[str]) -> str:
    """Which fields an entry names: those that have a word by it, the rest (of a programme's own forms) as a number."""
    names = list(fields)
    known = list(dict.fromkeys(FIELD_WORDS[name] for name in names if name in FIELD_WORDS))
    left = sum(name not in FIELD_WORDS for name in names)
    rest = f"{'另 ' if known else ''}{left} 项" if left else ""
    return "，".join(part for part in ("、".join(known), rest) if part)
