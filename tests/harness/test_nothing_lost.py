"""Promise 6: no save of two people at once is lost, and no form that is sent twice is saved twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from fulian.cases.models import Attachment, Case, Event, NumberCounter, Task
from fulian.db import db
from fulian.people.models import Person
from fulian.testing.world import DONGCHANGFU

from .forms import intake
from .objects import PDF, Spot, unique_word
from .places import PLACES
from .site import Browser, Reply, Site

EDITORS, SAVES = 8, 10
FORMS, TIMES = 50, 2
TOWNSHIP = next(place for place in PLACES if place.name == "township")


def at_once(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all of them in threads that start at the same moment."""
    todo = list(acts)
    barrier = threading.Barrier(len(todo))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(run, todo))


def send_all(acts: Iterable[Callable[[], Any]], threads: int) -> list[Any]:
    """Run all of them, so many at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda act: act(), acts))


class Editor:
    """Somebody who saves a case again and again; a save that comes too late is told so and made anew."""

    def __init__(self, browser: Browser, case_id: int) -> None:
        self.browser, self.url = browser, f"/cases/{case_id}/edit"
        self.saved: list[tuple[int, str]] = []  # the version a save was made from, the words saved
        self.late = 0
        self.wrong: list[str] = []
        browser.token()

    def work(self) -> None:
        """Make SAVES saves."""
        while len(self.saved) < SAVES and not self.wrong:
            self._save(unique_word())

    def _save(self, words: str) -> None:
        form = self.browser.fields(self.url)
        reply = self.browser.post(self.url, {**form, "summary": words})
        if reply.status == 302:
            self.saved.append((int(form["version"]), words))
        elif reply.status != 409:
            self.wrong.append(f"{reply.status}")
        elif words not in reply.text or "已保存的" not in reply.text:
            self.wrong.append("a loser was not shown both versions")
        else:
            self.late += 1


def test_no_save_is_lost(site: Site) -> None:
    with site.app.app_context():
        case_id = Spot(TOWNSHIP).get("case_id")
    editors = [Editor(site.new_browser(name), case_id) for name in ("mediator", "colleague", "lead", "admin") * 2]
    assert len(editors) == EDITORS
    at_once(editor.work for editor in editors)
    assert [problem for editor in editors for problem in editor.wrong] == []
    assert sum(editor.late for editor in editors) > 0  # else nobody was ever in another one's way
    saved = sorted(save for editor in editors for save in editor.saved)
    # Each was made from the version before it, by whomever: none went over another one unseen.
    assert [version for version, _words in saved] == list(range(1, EDITORS * SAVES + 1))
    with site.app.app_context():
        case = db.session.get_one(Case, case_id)
        assert (case.version, case.summary) == (EDITORS * SAVES + 1, saved[-1][1])
        lines = db.session.execute(select(Event.id).where(Event.case_id == case_id, Event.kind == "edited")).all()
        assert len(lines) == EDITORS * SAVES


def test_a_loser_sees_both_versions(site: Site, spots: Mapping[str, Spot]) -> None:
    url = f"/cases/{spots['township'].ids['case_id']}/edit"
    first, second = site.browser("caseworker"), site.browser("programme_lead")
    drawn = second.fields(url)
    assert first.post(url, {**first.fields(url), "summary": "先存的这一句"}).status == 302
    reply = second.post(url, {**drawn, "summary": "后存的那一句"})
    assert reply.status == 409
    assert "先存的这一句" in reply.text
    assert "后存的那一句" in reply.text


def opening(browser: Browser, **changed: Any) -> dict[str, Any]:
    """The opening form, filled in."""
    return {**browser.fields("/cases/new"), **intake(), **changed}


def numbers_of_new_cases(site: Site, known: set[int]) -> list[int]:
    """The running numbers of the cases that were not there before, in order."""
    with site.app.app_context():
        rows = db.session.execute(select(Case.id, Case.number).where(Case.county_id == DONGCHANGFU)).all()
    return sorted(int(row.number.rpartition("-")[2]) for row in rows if row.id not in known)


def known_cases(site: Site) -> set[int]:
    with site.app.app_context():
        return set(db.session.execute(select(Case.id)).scalars())


def last_number(site: Site) -> int:
    with site.app.app_context():
        of = (NumberCounter.series == "case:mediation", NumberCounter.county_id == DONGCHANGFU)
        return db.session.execute(select(NumberCounter.last).where(*of)).scalar_one()


def test_a_form_sent_again_makes_one_case(site: Site) -> None:
    """Double clicks, and answers that never came back: every form is sent twice, many at a time."""
    browsers = [site.new_browser("mediator"), site.new_browser("mediator"), site.new_browser("colleague")]
    known, start = known_cases(site), last_number(site)
    forms = [(browsers[n % 3], opening(browsers[n % 3])) for n in range(FORMS)]
    replies: list[Reply] = send_all(
        (lambda browser=browser, form=form: browser.post("/cases/new", form) for browser, form in forms * TIMES), 6
    )
    assert {reply.status for reply in replies} == {302}
    assert numbers_of_new_cases(site, known) == list(range(start + 1, start + FORMS + 1))
    opened = [reply.place.split("?")[0] for reply in replies]
    assert opened[:FORMS] == opened[FORMS:]
    assert len(set(opened)) == FORMS


def test_ten_at_once_are_numbered_without_gap(site: Site) -> None:
    browsers = [site.new_browser(name) for name in ("mediator", "colleague") * 5]
    known, start = known_cases(site), last_number(site)
    forms = [opening(browser) for browser in browsers]
    replies = at_once(
        lambda browser=browser, form=form: browser.post("/cases/new", form)
        for browser, form in zip(browsers, forms, strict=True)
    )
    assert {reply.status for reply in replies} == {302}
    assert numbers_of_new_cases(site, known) == list(range(start + 1, start + 11))


ADDED: Mapping[str, tuple[type[Any], Mapping[str, Any]]] = {
    "/cases/{}/tasks/new": (Task, {"title": "走访", "due_on": "2099-01-01"}),
    "/cases/{}/files/new": (Attachment, {"label": "身份证复印件"}),
    "/people/new": (Person, {"name": "王小芳", "sex": "2"}),
}


@pytest.mark.parametrize("address", ADDED)
def test_what_is_added_twice_is_there_once(site: Site, spots: Mapping[str, Spot], address: str) -> None:
    model, values = ADDED[address]
    browser, url = site.browser("caseworker"), address.format(spots["township"].ids["case_id"])
    form = {**browser.fields(url), **values}
    before = count_of(site, model)
    for _ in range(TIMES):
        file = {"file": (BytesIO(PDF), "a.pdf")} if model is Attachment else {}
        assert browser.post(url, {**form, **file}).status in (302, 303)
    assert count_of(site, model) == before + 1


def count_of(site: Site, model: type[Any]) -> int:
    with site.app.app_context():
        return db.session.execute(select(func.count()).select_from(model)).scalar_one()
