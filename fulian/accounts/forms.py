"""Forms of accounts: log-in, passwords, inviting, roles, and what the three administrators ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wtforms import DateField, HiddenField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import EqualTo, Length, Optional

from fulian.accounts.grants import NAME_LENGTH, REASON_LENGTH, NewAccount, NewGrant
from fulian.accounts.passwords import LONGEST, RULES
from fulian.accounts.queries import orgs_named
from fulian.accounts.roles import INVITED, ROLES
from fulian.audit.actor import Actor
from fulian.errors import Refused
from fulian.web.forms import BaseForm, Filled

ALL_PROGRAMMES = "全部项目"
USERNAME_LENGTH = 40
CODE_LENGTH = 40  # a slip has 14 characters; who types blanks into it is no reason to refuse it
OFFERED = 8  # organisations to choose from where a name is not clear; more ask for a longer name

INVITED_ROLES = [(role, label) for role, label in ROLES.items() if role in INVITED]
ALL_ROLES = list(ROLES.items())


class LoginForm(BaseForm):
    """Log-in."""

    username = StringField("账号", [Filled("请填写账号。")])
    password = PasswordField("密码", [Filled("请填写密码。"), Length(max=LONGEST)])


class PasswordForm(BaseForm):
    """A new password for one's own account."""

    present = PasswordField("现在的密码", [Filled("请填写现在的密码。"), Length(max=LONGEST)])
    password = PasswordField("新密码", [Filled("请填写新密码。"), Length(max=LONGEST)], description=RULES)
    again = PasswordField(
        "再输一次新密码", [Filled("请再输一次新密码。"), EqualTo("password", "两次输的新密码不一样。")]
    )


class CodeForm(BaseForm):
    """The second step of log-in."""

    code = StringField("验证码", [Filled("请填写验证码。"), Length(max=CODE_LENGTH)])


class ProofForm(BaseForm):
    """Showing again, inside a session, that it is she: her password, and a code where she has an authenticator."""

    present = PasswordField("密码", [Filled("请填写密码。"), Length(max=LONGEST)])
    code = StringField("现在的验证码", [Length(max=CODE_LENGTH)], description="手机上的 6 位数字，或者一个恢复码")


class DeviceForm(ProofForm):
    """A new authenticator; `offer` is its sealed secret, on its way through the page."""

    offer = HiddenField()
    new_code = StringField("新验证码", [Filled("请填写新验证码。"), Length(max=CODE_LENGTH)])


class EndSessionForm(BaseForm):
    """Which of the other sessions is to end."""

    which = HiddenField()


class OrgForm(BaseForm):
    """A form that names an organisation: typed, and chosen from a few where the name is not clear."""

    org_id = StringField("单位", [Filled("请填写单位。")], description="写组织的全称或其中几个字，如：柳园街道妇联")
    org_pick = RadioField("是哪一个", [Optional()], choices=[], validate_choice=False)

    def chosen_org(self, by: Actor) -> int:
        """The id of the organisation meant. Raises Refused where none or several are, and then offers these."""
        found = orgs_named(by, self.org_id.data, OFFERED + 1)
        self.org_pick.choices = [(str(org_id), name) for org_id, name in found[:OFFERED]]
        picked = [org_id for org_id, _ in found if str(org_id) == self.org_pick.data]
        if len(found) == 1 or picked:
            return picked[0] if picked else found[0][0]
        if not found:
            raise Refused("在您管的范围里没有找到这个组织，请检查名称。", "org_id")
        if len(found) > OFFERED:
            self.org_pick.choices = []
            raise Refused("叫这个名称的组织太多，请写得更全。", "org_id")
        raise Refused("有几个组织都含这几个字，请在下面选一个。", "org_id")


class RoleForm(OrgForm):
    """One more role for an account."""

    role = SelectField("角色", [Filled("请选择角色。")], choices=[])
    programme = SelectField("品牌项目", choices=[], description="项目负责人选一个；调解员·经办人可以管全部项目。")
    ends_on = DateField("到期日", [Optional()], description="不填就是一直有效。")

    def offer(self, roles: Sequence[tuple[str, str]], programmes: Mapping[str, str]) -> None:
        """Say which roles and programmes (code → name) can be chosen."""
        self.role.choices = [("", "请选择"), *roles]
        self.programme.choices = [("", ALL_PROGRAMMES), *programmes.items()]

    def grant(self, by: Actor) -> NewGrant:
        """The role as plain values. Raises Refused where the organisation is not clear."""
        return NewGrant(self.role.data, self.chosen_org(by), self.programme.data or None, self.ends_on.data)


class InviteForm(RoleForm):
    """A new account."""

    username = StringField(
        "账号名",
        [Filled("请填写账号名。"), Length(max=USERNAME_LENGTH)],
        description="小写字母开头，可用字母、数字、点和横线，如 li.xiuying",
    )
    name = StringField("姓名", [Filled("请填写姓名。"), Length(max=NAME_LENGTH)])

    def account(self, by: Actor) -> NewAccount:
        """The account as plain values. Raises Refused where the organisation is not clear."""
        grant = self.grant(by)
        return NewAccount(self.username.data, self.name.data, grant.org_id, grant)


class ReasonForm(BaseForm):
    """Why something lasting is done."""

    reason = TextAreaField("事由", [Filled("请写明事由。"), Length(max=REASON_LENGTH)])


class HandOverForm(ReasonForm):
    """Disabling an account: why, and who takes its open cases."""

    heir_id = SelectField("在办案件交给", [Optional()], choices=[], coerce=lambda text: int(text) if text else None)

    def offer(self, heirs: Sequence[tuple[int, str]]) -> None:
        """Say who can take the open cases."""
        self.heir_id.choices = [("", "请选择"), *heirs]


class RenewForm(ReasonForm):
    """Letting a role run longer."""

    ends_on = DateField("新的到期日", [Optional()], description="不填就是一直有效。")


class AskRoleForm(RoleForm, ReasonForm):
    """Asking for one more role."""


class AskAccountForm(InviteForm, ReasonForm):
    """Asking for a new account."""


class EditForm(OrgForm):
    """Correcting an account's name and where its person works."""

    name = StringField("姓名", [Filled("请填写姓名。"), Length(max=NAME_LENGTH)])
    version = HiddenField()
