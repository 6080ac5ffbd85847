"""What a lasting act on an account will do, said before it is done; what a browser is called."""

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
    "reset_device": LastingAct(
        "重办验证器",
        (
            "现在的验证器和恢复码立即作废，正在用的会退出登录",
            "现在的密码也作废，得到一次性密码，由确认的管理员亲手交给本人",
            "本人首次登录时改密码，再设新的验证器",
        ),
        ("角色和在办案件不变",),
    ),
    "reset_password": LastingAct(
        "重置密码",
        ("现在的密码立即失效，正在用的会退出登录", "得到一次性密码，由确认的管理员亲手交给本人，首次登录时改掉"),
        ("角色和在办案件不变", "设过验证器的，登录时还要填验证码"),
    ),
}


RESTRICTED_WORDS: Mapping[str, str] = {
    "handler": "自己经办的",
    "role": "因为角色（项目负责人、县级管理员）",
    "person": "单独开放给她的",
    "break_glass": "紧急查看，还没到 24 小时的",
}

# What stands in a browser's name for itself (RFC 9110, 10.1.5), the more special first: a WeChat page on a phone calls
# itself Chrome, Safari and Android as well.
MACHINES: tuple[tuple[str, str], ...] = (
    ("iPad", "苹果平板"),
    ("iPhone", "苹果手机"),
    ("HarmonyOS", "鸿蒙手机"),
    ("Android", "安卓手机"),
    ("Windows", "电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "电脑"),
)
BROWSERS: tuple[tuple[str, str], ...] = (
    ("MicroMessenger", "微信"),
    ("QQBrowser", "QQ 浏览器"),
    ("Edg", "微软浏览器"),
    ("Firefox", "火狐浏览器"),
    ("Chrome", "谷歌浏览器"),
    ("Safari", "苹果浏览器"),
)


def browser_words(agent: str) -> str:
    """What a user calls this browser, e.g. 安卓手机 · 微信; 不认识的设备 where its name says nothing."""
    words = [next((word for mark, word in known if mark in agent), "") for known in (MACHINES, BROWSERS)]
    return " · ".join(word for word in words if word) or "不认识的设备"
