"""The nightly look at jobs: what ended long ago is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulian.audit.actor import Actor
from fulian.jobs.service import forget_old_jobs

KIND = "jobs.forget"


def forget_ended(_payload: Mapping[str, Any], by: Actor) -> str:
    """Remove jobs that ended longer ago than they are kept."""
    return f"清除 {forget_old_jobs(by.now)} 项。"
