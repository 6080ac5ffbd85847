"""The kinds of jobs an application can run: what each is called, and the function behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from fulian.audit.actor import Actor

EXTENSION = "fulian.jobs"


@dataclass(frozen=True)
class Finished:
    """What a job says to the account that asked for it; `url` is the page or file that it made, of this site."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Step:
    """What one step of a long job did: `done` of `total` (whatever it counts), and a sentence for its page.

    `position` is plain JSON that the next step is given; None says that this was the last one, `text` is then the
    result.
    """

    done: int
    total: int
    text: str
    position: Mapping[str, Any] | None


Run = Callable[[Mapping[str, Any], Actor], "str | Finished"]
RunStep = Callable[[Mapping[str, Any], Mapping[str, Any], Actor], Step]


@dataclass(frozen=True)
class InSteps:
    """A long job: `step(payload, position, by)` does a part, in one transaction with how far the job then is.

    Killed in between, it goes on there. The first step is given an empty position.
    """

    step: RunStep


@dataclass(frozen=True)
class Kind:
    """A kind of job, called `label` on its pages.

    `run(payload, by)` does everything in one transaction, with which the job is also done.
    """

    label: str
    run: Run | InSteps


def init_jobs(app: Flask, known: Mapping[str, Kind]) -> None:
    """Give the application its kinds of jobs, by code."""
    app.extensions[EXTENSION] = dict(known)


def kinds() -> Mapping[str, Kind]:
    """The kinds of the application in context, by code."""
    known: Mapping[str, Kind] = current_app.extensions[EXTENSION]
    return known


def label_of(code: str) -> str:
    """What a kind is called; its code where this program has no such kind (any more)."""
    kind = kinds().get(code)
    return kind.label if kind is not None else code
