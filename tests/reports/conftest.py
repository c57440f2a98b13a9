"""What the tests of both reports share: the study, and a page taken apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bids_ketamine.study.load import Study, load_study

#: Elements without an end tag.
VOID = {"meta", "img", "br", "hr", "input", "link"}
#: Attributes whose address a browser loads.
LOADING = {"src", "srcset", "data", "poster", "background", "action", "xlink:href"}


@dataclass
class Page(HTMLParser):
    """A page taken apart."""

    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    pictures_without_words: int = 0
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif "href" in given:
            self.loads.append(given["href"] or "")
        named = given.get("alt") or given.get("aria-label") or given.get("aria-hidden")
        if (tag == "img" or (tag == "svg")) and not named:
            self.pictures_without_words += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.words.append(data)
            if self._open[-1] in ("h1", "h2", "h3"):
                self.headings.append(data.strip())

    @property
    def text(self) -> str:
        """Every word of the page, lines and hard spaces made plain."""
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def parse_page(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page._open, f"still open: {page._open}"
    return page


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study("norbury2021")


@pytest.fixture(scope="session")
def take_apart() -> Callable[[Path], Page]:
    return parse_page
