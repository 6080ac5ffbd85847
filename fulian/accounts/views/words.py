"""What a lasting act on an account will do, said before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LastingAct:
    """The words of one act: its name, also on its button, what it changes, and what stays as it is."""

    name: str
    changes: tuple[str, ...]
    stays: tuple[str, ...]
    stops: bool = False  # the button is the one for stopping


LASTING: Mapping[str, LastingAct] = {
    "disable": LastingAct(
        "停用账号",
        ("立即退出登录，以后不能再登录",),
        ("办过的案件、写过的经过和日志都在", "角色保留，重新启用后照旧"),
        stops=True,
    ),
    "enable": LastingAct(
        "启用账号",
        ("可以用原来的密码登录", "没有到期的角色重新生效"),
        ("停用时交出去的案件不会自动收回",),
    ),
    "end_grant": LastingAct(
        "撤销角色",
        ("立即失去这个角色，正在用的会退出登录",),
        ("账号和其他角色不变", "办过的案件、写过的经过和日志都在"),
        stops=True,
    ),
    "reset_password": LastingAct(
        "重置密码",
        ("现在的密码立即失效，正在用的会退出登录", "得到一次性密码，由确认的管理员亲手交给本人，首次登录时改掉"),
        ("角色和在办案件不变",),
    ),
}
