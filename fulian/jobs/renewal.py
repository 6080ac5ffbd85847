"""The job that seals everything again after a rotation: in small transactions, killed and gone on with at any point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import Refused
from fulian.jobs.kinds import InSteps, Kind, Step
from fulian.jobs.models import Job
from fulian.jobs.service import add_job
from fulian.sealing.cipher import SealBroken
from fulian.sealing.keys import KEY_BYTES, LOOK_SECONDS, Keyring, keys
from fulian.sealing.marks import confirm_keys
from fulian.sealing.renewal import parts

KIND = "keys.renew"
LATER = timedelta(seconds=2 * LOOK_SECONDS)  # until every process of this machine has read the new keys
KEYS_MISSING = "办后台任务的这台机器还没有新密钥：请把密钥文件拷过来，再重办。"
UNDER_WAY = ("waiting", "running")


def refuse_while_renewing() -> None:
    """Raises Refused while the work of an earlier rotation is not done."""
    busy = select(Job.id).where(Job.kind == KIND, Job.state.in_(UNDER_WAY)).limit(1)
    if db.session.execute(busy).first() is not None:
        raise Refused("上一次更换还没有办完，等它办完再换：进度在“后台任务”里。")


def begin_renewal(keyring: Keyring, by: Actor) -> int:
    """Note the new keys in the database, log who changed them, and put the work on the queue; returns the job's id.

    Raises Refused while an earlier one is under way.
    """
    refuse_while_renewing()
    confirm_keys(db.session.connection(), keyring, by.now)
    newest = {purpose: keyring.newest(purpose).version for purpose in KEY_BYTES}
    record(by, "keys.rotated", "key", ",".join(f"{purpose}:{version}" for purpose, version in newest.items()))
    return add_job(KIND, newest, by, due_at=by.now + LATER)


def renew(payload: Mapping[str, Any], position: Mapping[str, Any], _by: Actor) -> Step:
    """Seal the next few rows again. Raises SealBroken where this machine lacks the keys that the job is about."""
    here = keys(look=True)
    if any(here.newest(purpose).version < version for purpose, version in payload.items()):
        raise SealBroken(KEYS_MISSING)
    todo = [(part.count, part.renew) for part in parts() if part.renew is not None]
    at = int(position.get("part", 0))
    done, broken = int(position.get("done", 0)), int(position.get("broken", 0))
    total = int(position.get("total", 0)) or sum(count() for count, _renewal in todo)
    if at == len(todo):
        said = f"有 {broken} 项解不开，没有动：请看服务的日志。" if broken else "没有解不开的。"
        return Step(done, done, f"已用新密钥重新加密，看过 {done:,} 行和文件。{said}", None)
    _count, renewal = todo[at]
    made = renewal(int(position.get("after", 0)))
    done, broken = done + made.rows, broken + made.broken
    following = {"part": at, "after": made.last} if made.last is not None else {"part": at + 1, "after": 0}
    said = f"正在用新密钥重新加密：第 {at + 1} 步，共 {len(todo)} 步"
    return Step(done, max(total, done), said, following | {"done": done, "broken": broken, "total": total})


RENEWAL = Kind("更换密钥", InSteps(renew))
