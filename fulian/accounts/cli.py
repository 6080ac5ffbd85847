"""`fulian accounts create`: the first accounts, made on the machine itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import or_, select

from fulian.accounts.first import FIRST_ROLES, SOME_TAKEN, FirstPerson, check_three, create_three
from fulian.accounts.grants import REASON_LENGTH, NewAccount, NewGrant
from fulian.accounts.passwords import ONE_TIME_DAYS, RULES, check_password, hash_password, one_time_password
from fulian.accounts.queries import roles_taken
from fulian.accounts.roles import ROLES, THREE
from fulian.accounts.second_factor import set_rule
from fulian.accounts.service import create_account
from fulian.audit.actor import COMMAND_LINE, Actor
from fulian.db import db, transact
from fulian.errors import Refused
from fulian.orgs.models import Organisation
from fulian.orgs.queries import city_unit
from fulian.orgs.service import ensure_network

SLIP_EDGE = "-" * 60

accounts = AppGroup("accounts", help="账号：在本机上新开；要不要验证器。")


@accounts.command("create")
@click.option("--three", is_flag=True, help="新装的系统：一次开好三员，打印三张一次性密码条")
@click.option("--person", "people", multiple=True, help="配合 --three，写三次：账号名,姓名,手机号；不写就逐个询问")
@click.option("--username", help="小写字母开头，可用字母、数字、点和横线")
@click.option("--name", help="使用者的姓名")
@click.option("--role", type=click.Choice(list(ROLES)), help="角色；不写就是三员中还缺的一个")
@click.option("--org", "org_text", help="组织：全称、简称或编号；不写就是市妇联")
@click.option("--programme", help="品牌项目的代码，项目负责人必填")
@click.option("--ask-password", is_flag=True, help="当场输入密码；不写就打印一次性密码")
def create_command(three: bool, people: tuple[str, ...], **given: Any) -> None:
    """新开一个账号。三员须由三个人分别担任：--three 一次开好。"""
    loaded = transact(ensure_network, Actor(account_id=None, name=COMMAND_LINE, county_id=0, now=datetime.now(UTC)))
    if loaded:
        click.echo(f"这是新的数据库，已装入 {loaded:,} 个妇联组织。", err=three)
    try:
        if three:
            _create_three([_told_person(text) for text in people])
        else:
            _create_one(**given)
    except Refused as refused:
        raise click.ClickException(refused.message) from None


def _create_one(
    username: str | None,
    name: str | None,
    role: str | None,
    org_text: str | None,
    programme: str | None,
    ask_password: bool,
) -> None:
    username, name = username or click.prompt("账号名"), name or click.prompt("姓名")
    org_id = _find_org(org_text)
    new = NewAccount(username, name, org_id, NewGrant(role or _missing_role(), org_id, programme))
    password = _typed_password(username) if ask_password else one_time_password()
    transact(create_account, new, hash_password(password), _here(), must_change=not ask_password)
    click.echo(f"已开账号 {username}：{name}，{ROLES[new.grant.role]}。")
    if not ask_password:
        click.echo(f"一次性密码：{password}　只显示这一次，{ONE_TIME_DAYS} 天内有效，首次登录时要改。")


@accounts.command("second-factor")
@click.argument("answer", type=click.Choice(["required", "optional"]))
@click.option("--reason", prompt="事由", help="为什么这样规定，写进日志")
def second_factor_command(answer: str, reason: str) -> None:
    """规定负责人和管理员登录时要不要验证器。不规定就是要。"""
    transact(set_rule, answer == "required", reason[:REASON_LENGTH], _here())
    click.echo("已规定：负责人和管理员" + ("必须用验证器。" if answer == "required" else "可以不用验证器。"))


def _create_three(people: list[FirstPerson]) -> None:
    """Standard output holds the three slips and nothing else, a page each: it can go to a printer."""
    if roles_taken(datetime.now(UTC)):
        raise Refused(SOME_TAKEN)  # said before anything is asked; the service looks again
    people = people or [_asked_person(role) for role in FIRST_ROLES]
    check_three(people)
    passwords = [one_time_password() for _person in people]
    hashes = [hash_password(password) for password in passwords]
    transact(create_three, people, hashes, _find_org(None), _here())
    slips = [_slip(*told) for told in zip(FIRST_ROLES, people, passwords, strict=True)]
    click.echo("\f".join(slips), nl=False)
    click.echo("三员的账号都开好了。三张密码条各交给本人，只打印这一次。", err=True)


def _asked_person(role: str) -> FirstPerson:
    click.echo(f"{ROLES[role]}：", err=True)
    return FirstPerson(
        *(click.prompt(f"　{what}", err=True) for what in ("账号名", "姓名", "手机号（只用来核对，不保存）"))
    )


def _told_person(text: str) -> FirstPerson:
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if len(parts) != 3:
        raise Refused(f"“{text}”应写成：账号名,姓名,手机号。")
    return FirstPerson(*parts)


def _slip(role: str, person: FirstPerson, password: str) -> str:
    address = current_app.config["FULIAN"].public_url or "（向系统管理员询问网址）"
    lines = (
        f"聊城市妇联案件系统　一次性密码条　（{ROLES[role]}）",
        "",
        f"姓　　名　{person.name.strip()}",
        f"账　　号　{person.username.strip().lower()}",
        f"一次性密码　{password}",
        f"网　　址　{address}",
        "",
        f"{ONE_TIME_DAYS} 天内有效，首次登录时要改成自己的密码，再设验证器。",
        "请当面交给本人，不拍照、不用微信发，用完撕掉。",
        "三员由三个人分别担任，互不代管账号。",
    )
    return "\n".join((SLIP_EDGE, *lines, SLIP_EDGE, ""))


def _here() -> Actor:
    return Actor(account_id=None, name=COMMAND_LINE, county_id=city_unit(), now=datetime.now(UTC))


def _missing_role() -> str:
    taken = roles_taken(datetime.now(UTC))
    missing = [role for role in ROLES if role in THREE and role not in taken]
    if not missing:
        raise click.ClickException("三员都有了。要开别的账号，请写明 --role。")
    return missing[0]


def _find_org(text: str | None) -> int:
    wanted = (
        Organisation.level == "city"
        if text is None
        else or_(
            Organisation.name == text,
            Organisation.short_name == text,
            Organisation.number_code == text,
            Organisation.division_code == text,
        )
    )
    found = list(db.session.execute(select(Organisation.id).where(wanted)).scalars())
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException("没有找到这个组织。请先运行 fulian db upgrade，再写全称、简称或编号。")
    raise click.ClickException(f"有 {len(found)} 个组织都叫“{text}”，请改用编号。")


def _typed_password(username: str) -> str:
    click.echo(f"密码要求：{RULES}")
    password: str = click.prompt("密码", hide_input=True, confirmation_prompt="再输一次")
    try:
        check_password(password, username)
    except Refused as refused:
        raise click.ClickException(refused.message) from None
    return password
