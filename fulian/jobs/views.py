"""`/jobs/`: what an account asked for and left; `/jobs/all`: the queue of everybody, for the system administrator."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor
from fulian.db import transact
from fulian.jobs.queries import STATES, count_jobs, jobs_page, own_job, own_jobs
from fulian.jobs.service import cancel_job, retry_job
from fulian.web.access import requires
from fulian.web.paging import page_limit, page_of, read_cursor

blueprint = Blueprint("jobs", __name__, template_folder="templates")

# state → class of its tag
TAGS = {"waiting": "t-today", "running": "t-soon", "done": "t-done", "failed": "t-late", "cancelled": "t-off"}


@blueprint.get("/jobs/")
@requires("own.jobs", "own")
def index() -> str:
    """What I asked for, the newest first."""
    cursor, limit = read_cursor(request.args.get("after")), page_limit(request.headers)
    page = page_of(own_jobs(current_actor(), cursor, limit), cursor, limit, lambda line: line.place)
    return render_template("jobs/list.html", page=page, states=STATES, tags=TAGS, address=f"{url_for('jobs.index')}?")


@blueprint.get("/jobs/<int:job_id>")
@requires("own.jobs", "own")
def show(job_id: int) -> str:
    """One job of mine: how far it is, what came of it. Asks again by itself while there is something to wait for."""
    return render_template("jobs/show.html", job=own_job(current_actor(), job_id), states=STATES, tags=TAGS)


@blueprint.post("/jobs/<int:job_id>/cancel")
@requires("own.jobs", "own")
def cancel(job_id: int) -> Response:
    """Take a job of mine back before it begins."""
    transact(cancel_job, job_id, current_actor())
    return redirect(url_for("jobs.show", job_id=job_id))


@blueprint.get("/jobs/all")
@requires("jobs.manage", "none")
def everything() -> str:
    """Every job, of one state or of all: kinds, times, attempts and errors, but not what they are about."""
    state = request.args.get("state") or None
    if state is not None and state not in STATES:
        raise BadRequest
    cursor, limit = read_cursor(request.args.get("after")), page_limit(request.headers)
    return render_template(
        "jobs/all.html",
        page=page_of(jobs_page(state, cursor, limit), cursor, limit, lambda line: line.place),
        chosen=state,
        counts=count_jobs(),
        states=STATES,
        tags=TAGS,
        address=f"{url_for('jobs.everything')}?{f'state={state}&' if state else ''}",
    )


@blueprint.post("/jobs/all/<int:job_id>/cancel")
@requires("jobs.manage", "none")
def cancel_any(job_id: int) -> Response:
    """Take anybody's job off the queue before it begins."""
    transact(cancel_job, job_id, current_actor(), own=False)
    return redirect(url_for("jobs.everything"))


@blueprint.post("/jobs/all/<int:job_id>/retry")
@requires("jobs.manage", "none")
def retry(job_id: int) -> Response:
    """Put a job that failed on the queue again."""
    transact(retry_job, job_id, current_actor())
    return redirect(url_for("jobs.everything"))
