"""`fulian serve` and `fulian jobs`: the server's processes and the workers.

Granian starts worker processes that import `worker_app`; settings reach them through the environment. On SQLite there
is exactly one such process, and it also runs the one thread that works off the jobs.
"""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from types import FrameType

from flask import Flask, current_app
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from fulian.accounts import upkeep as account_upkeep
from fulian.app import create_app
from fulian.calendar import local_date, start_of_day
from fulian.cases import upkeep as case_upkeep
from fulian.config import Settings
from fulian.db import db, is_sqlite, transact
from fulian.doctor.checks import refuse_unfit
from fulian.errors import StartRefused
from fulian.health.logs import write_logs
from fulian.health.metrics import shared_folder
from fulian.jobs import upkeep as job_upkeep
from fulian.jobs.service import plan_daily
from fulian.jobs.worker import work
from fulian.lineages import status
from fulian.orgs.queries import city_unit, has_organisations
from fulian.programmes.loader import installed
from fulian.sealing.keys import keys
from fulian.sealing.marks import confirm_keys

NIGHT = timedelta(hours=3)  # upkeep runs at three in the morning
SQLITE_THREADS = 4  # one process: reads run beside each other, writes take their turn
END_SECONDS = 15  # a request that takes longer to end than this is cut off
FIRST_ACCOUNT_SECONDS = 5  # how often a new installation is looked at


def plan_upkeep(now: datetime) -> None:
    """Put the next night's upkeep on the queue where it is not there yet."""
    tonight = start_of_day(local_date(now)) + NIGHT
    at = tonight if tonight > now else tonight + timedelta(days=1)
    for kind in (case_upkeep.KIND, account_upkeep.KIND, job_upkeep.KIND):
        plan_daily(kind, now, at)


def run_jobs(app: Flask, stop: threading.Event) -> None:
    """Work off jobs until `stop` is set; plans the nights' upkeep as it goes."""
    with app.app_context():
        while not has_organisations():  # a new installation: the first account brings them
            db.session.rollback()
            if stop.wait(FIRST_ACCOUNT_SECONDS):
                return
        county_id = city_unit()
    work(app, county_id, stop, plan=lambda: transact(plan_upkeep, datetime.now(UTC)))


def worker_app() -> Flask:
    """The application of one server process."""
    # Ctrl-C reaches every process of the group, and a worker that hears it beside its parent's word may never end.
    os.setpgid(0, 0)
    write_logs()
    app = create_app()
    with app.app_context():
        sqlite = is_sqlite()
    if sqlite:
        threading.Thread(target=run_jobs, args=(app, threading.Event()), name="jobs", daemon=True).start()
    return app


def serve(host: str, port: int, workers: int) -> None:
    """Serve until interrupted. Raises StartRefused for more than one process on SQLite."""
    app = create_app()
    with app.app_context():
        sqlite = is_sqlite()
        settings: Settings = current_app.config["FULIAN"]
        _check_database()
    if sqlite and workers > 1:
        raise StartRefused("SQLite 只能由一个进程提供服务。要多进程，请改用 PostgreSQL（见 docs/operations.md）。")
    if workers > 1:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared_folder(settings.instance))  # read by the workers
    Granian(
        "fulian.serve:worker_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=SQLITE_THREADS if sqlite else 1,
        factory=True,
        websockets=False,
        workers_kill_timeout=END_SECONDS,
        log_level=LogLevels.warning,
    ).serve()


def _check_database() -> None:
    """Raise StartRefused where the database is not at this program's revisions, was sealed with other keys, or
    where production is not fit to run (`fulian doctor`).
    """
    with db.engine.connect() as connection:
        if not all(lineage.up_to_date for lineage in status(connection, installed().lineages())):
            raise StartRefused("数据库的版本与程序不符，请先运行 fulian db upgrade。")
    transact(lambda now: confirm_keys(db.session.connection(), keys(), now), datetime.now(UTC))
    refuse_unfit(datetime.now(UTC))


def serve_jobs(workers: int) -> None:
    """Run this many workers in the foreground until interrupted or told to end: each ends its step, or its job, first.

    Raises StartRefused on SQLite, where the server itself works off the jobs, and for an unfit database.
    """
    app = create_app()
    with app.app_context():
        if is_sqlite():
            raise StartRefused("SQLite 的后台任务由 fulian serve 自己办，不用另外运行 fulian jobs。")
        _check_database()
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    write_logs()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threads = [threading.Thread(target=run_jobs, args=(app, stop), name=f"jobs-{n}") for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
