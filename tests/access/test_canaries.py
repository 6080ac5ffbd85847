"""Promise 1: no word of an object out of scope is seen on any page, by links, by ids, by search; those in scope are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import pytest
from lxml import html

from ..harness.objects import Spot
from ..harness.places import PLACES, SIGNED_IN, reaches
from ..harness.routes import routes
from ..harness.site import Browser, Reply, Site
from .canaries import OPENS_CASES, READS, Canary, canaries

MOST_PAGES = 150
LISTS = ("/cases/?status=all", "/cases/?status=closed", "/cases/?due=soon", "/cases/?order=due", "/cases/?mine=1")
SEARCHES = ("/cases/?q={}", "/cases/?status=all&q={}", "/people/?q={}", "/people/match?name={}")
WHOLE_SEARCHES = ("/cases/", "/people/", "/people/match")


@pytest.mark.parametrize("caller", SIGNED_IN)
def test_canaries(caller: str, site: Site, spots: Mapping[str, Spot]) -> None:
    known = list(canaries(caller, spots))
    sight = Sight(site.browser(caller), caller)
    sight.follow(("/", "/account", *LISTS))
    sight.open_everything(site, spots.values())
    sight.search(_names(spots))
    assert len({canary.word for canary in known if canary.sight == "never"}) >= 50
    assert sight.leaked(known) == []
    assert sight.missed(known) == []
    assert site.problems() == []


@pytest.mark.parametrize("caller", ["caseworker", "programme_lead", "township_admin"])
def test_a_search_of_many_cases(
    caller: str, site: Site, spots: Mapping[str, Spot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a scope is large the tokens of the whole unit are followed, and each case is asked for after it."""
    monkeypatch.setattr("fulian.cases.queries.lists.SMALL", 0)
    known = list(canaries(caller, spots))
    sight = Sight(site.browser(caller), caller)
    sight.search(_names(spots))
    assert sight.leaked(known) == []
    assert sight.missed([c for c in known if c.what == "applicant" and c.place.kind != "restricted"]) == []


@pytest.mark.parametrize("caller", sorted(OPENS_CASES))
def test_counts_are_of_what_is_in_scope(caller: str, site: Site, spots: Mapping[str, Spot]) -> None:
    in_scope = [place for place in PLACES if reaches(READS[caller], caller, place, "case")]
    page = site.browser(caller).get("/cases/?status=all").text
    found = re.search(r"共 <b>([\d,]+)</b> 件", page)
    assert found is not None
    assert int(found[1]) == len(in_scope)
    # The month's numbers are of organisations, so they count restricted cases too and not what she handles elsewhere.
    counted = [
        place for place in PLACES if place.kind != "gone" and reaches(READS[caller], caller, _plain(place), "case")
    ]
    assert f"<dt>受理</dt><dd>{len(counted)} 件" in site.browser(caller).get("/").text


def _plain(place: object) -> object:
    return type(place)(place.name, place.org_id)  # type: ignore[attr-defined, call-arg]


def _names(spots: Mapping[str, Spot]) -> set[str]:
    return {word for spot in spots.values() for what, word in spot.words.items() if what in ("applicant", "person")}


class Sight:
    """All that one caller got to see."""

    def __init__(self, browser: Browser, caller: str) -> None:
        self.browser, self.caller, self.widest = browser, caller, READS.get(caller, "none")
        self._pages: list[tuple[str, str]] = []
        self._visited: set[str] = set()

    def follow(self, starts: Iterable[str]) -> None:
        """Open pages and what they link to, at most MOST_PAGES."""
        waiting = list(starts)
        while waiting and len(self._visited) < MOST_PAGES:
            url = waiting.pop(0)
            if url not in self._visited:
                waiting += [link for link in links_of(self.look(url)) if link not in self._visited]

    def open_everything(self, site: Site, spots: Iterable[Spot]) -> None:
        """Every GET route for every object there is, whoever's it is; of her own forms one each: they show little."""
        found = routes(site.app)
        forms = {route.endpoint for route in found if route.method == "POST"}
        for route in found:
            if route.method != "GET" or {"request_id", "merge_id"} & set(route.arguments):
                continue
            drawn = False
            for spot in spots if route.arguments else list(spots)[:1]:
                hers = route.endpoint in forms and reaches(self.widest, self.caller, spot.place, route.about)
                if (hers and drawn) or not set(route.arguments) <= set(spot.ids):
                    continue
                drawn |= hers
                with site.app.app_context():
                    url = route.url_at(site.app, spot)
                if url not in self._visited:
                    self.look(url)

    def search(self, names: Iterable[str]) -> None:
        """Look for everybody: by the beginning of a name in an address, by the whole of it in a form.

        The whole name comes back in the box itself, so there only what stands beside it counts.
        """
        for name in sorted(names):
            for address in SEARCHES:
                self.look(address.format(name[:2]))
            for url in WHOLE_SEARCHES:
                reply = self.browser.post(url, {"q": name} if not url.endswith("match") else {"name": name})
                self._keep(url, reply.text.replace(f'"{name}"', "").replace(f"“{name}”", ""))

    def look(self, url: str) -> Reply:
        """Open one page and keep what it tells."""
        self._visited.add(url)
        reply = self.browser.get(url)
        self._keep(url, text_of(reply))
        return reply

    def _keep(self, url: str, text: str) -> None:
        self._pages.append((url, text))

    def leaked(self, known: Iterable[Canary]) -> list[str]:
        """The canaries out of scope that were seen, and where."""
        told = self._told()
        seen = [canary for canary in known if canary.sight == "never" and canary.word in told]
        return [f"{canary.what} of {canary.place.name}: {self._where(canary.word)}" for canary in seen]

    def missed(self, known: Iterable[Canary]) -> list[str]:
        """The canaries in scope that a page had to show, and none did."""
        told = self._told()
        return [f"{c.what} of {c.place.name}" for c in known if c.sight == "must" and c.word not in told]

    def _told(self) -> str:
        return "".join(text for _url, text in self._pages)

    def _where(self, word: str) -> list[str]:
        return [url for url, text in self._pages if word in text][:3]


def links_of(reply: Reply) -> Iterator[str]:
    """The addresses inside the site that a page leads to."""
    if not reply.text.strip():
        return
    for element in html.fromstring(reply.text).iter("a", "form", "link", "img"):
        url = element.get("href") or element.get("hx-get") or element.get("src") or ""
        parts = urlsplit(url)
        if url.startswith("/") and not parts.path.startswith(("/static/", "/logout")):
            yield parts._replace(fragment="").geturl()


def text_of(reply: Reply) -> str:
    """What somebody reads who opens a reply: a page, the bytes of a file, the words of a document."""
    if reply.body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(reply.body)) as parts:
            inside = (parts.read(name).decode("utf-8", "ignore") for name in parts.namelist())
            return re.sub(r"<[^>]+>", "", "".join(inside))
    return reply.body.decode("utf-8", "ignore") + reply.headers.get("Content-Disposition", "")
