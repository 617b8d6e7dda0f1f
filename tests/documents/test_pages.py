"""Every page: links that lead somewhere, lines that fit, no gaps."""

from pathlib import Path

import pytest

from tests.documents.page import PAGES, ROOT, Page

MAX_COLUMNS = 100
MAX_README_LINES = 150
MAX_PICTURE_BYTES = 150_000
EVERY_PAGE = pytest.mark.parametrize(
    "page", [Page(str(path.relative_to(ROOT))) for path in PAGES], ids=lambda page: page.path
)


@EVERY_PAGE
def test_links_and_anchors_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.file.parent / name).resolve() if name else page.file
        assert target.exists(), link
        if anchor:
            assert anchor in Page(str(target.relative_to(ROOT))).anchors, link


@EVERY_PAGE
def test_no_line_is_too_long(page: Page) -> None:
    assert [line for line in page.text.splitlines() if len(line) > MAX_COLUMNS] == []


@EVERY_PAGE
def test_no_gap_is_left(page: Page) -> None:
    assert [mark for mark in ("@@", "TODO", "FIXME", "XXX") if mark in page.text] == []


def test_the_readme_is_read_to_the_end() -> None:
    assert len(Page("README.md").text.splitlines()) < MAX_README_LINES


def test_each_document_is_in_the_index() -> None:
    index = Page("docs/README.md")
    listed = {(index.file.parent / link).resolve() for link in index.links}
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if path not in listed]
    assert missing == ["README.md"]


def test_each_picture_is_small_and_shown() -> None:
    shown: set[Path] = set()
    for path in PAGES:
        page = Page(str(path.relative_to(ROOT)))
        shown.update((path.parent / link).resolve() for link in page.links)
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture in shown
        assert picture.stat().st_size < MAX_PICTURE_BYTES
