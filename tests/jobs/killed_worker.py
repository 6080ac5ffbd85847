"""Workers in processes of their own, to be killed: `python killed_worker.py SETTINGS_JSON`.

The program is imported once and forked: a start takes a tenth of a second instead of several.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event

from fulian import serve
from fulian.app import create_app
from fulian.audit.actor import Actor
from fulian.cases.numbers import next_number
from fulian.db import db
from fulian.jobs import worker
from fulian.jobs.kinds import InSteps, Kind, Step, init_jobs
from fulian.testing.world import CITY_UNIT

STEPS = 3
LONGEST_SECONDS = 0.02  # enough for a kill to fall into a job as often as between two


def count_up(payload: Mapping[str, Any], _by: Actor) -> str:
    """Count one up under a name, slowly: the effect that must be there once."""
    n = next_number(payload["series"], CITY_UNIT, 2026)
    time.sleep(random.random() * LONGEST_SECONDS)
    return f"第 {n} 次"


def count_steps(payload: Mapping[str, Any], position: Mapping[str, Any], by: Actor) -> Step:
    """The same in steps, each under a name of its own."""
    done = int(position.get("done", 0))
    count_up({"series": f"{payload['series']}.{done}"}, by)
    return Step(done + 1, STEPS, f"第 {done + 1} 步", {"done": done + 1} if done + 1 < STEPS else None)


def poison(payload: Mapping[str, Any], by: Actor) -> str:
    """What takes its own worker along, every time."""
    count_up(payload, by)
    os.kill(os.getpid(), signal.SIGKILL)
    return "nobody hears this"


def last_breath(payload: Mapping[str, Any], by: Actor) -> str:
    """What takes its own worker along the moment it is committed: done, or there would be no trace of it."""
    event.listen(db.session(), "after_commit", lambda _session: os.kill(os.getpid(), signal.SIGKILL))
    return count_up(payload, by)


KINDS = {
    "last_breath": Kind("最后一口气", last_breath),
    "once": Kind("一次", count_up),
    "steps": Kind("分步", InSteps(count_steps)),
    "poison": Kind("坏的", poison),
}


def work(settings: str, threads: int) -> None:
    """Work until killed."""
    logging.disable()
    worker.IDLE_SECONDS = 0.05
    app = create_app(json.loads(settings))
    init_jobs(app, KINDS)
    for _n in range(threads):
        threading.Thread(target=serve.run_jobs, args=(app, threading.Event())).start()


def main(settings: str) -> None:
    """For each line (a number of threads) fork a worker and print its id; at the end of the input kill the rest."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are gone at once
    children = []
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            work(settings, int(line))
            return
        children.append(child)
        print(child, flush=True)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
