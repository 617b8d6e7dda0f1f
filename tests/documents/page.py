"""A Markdown page, as far as the checks look into it."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for folder in (".", "docs", "deploy") for path in (ROOT / folder).glob("*.md"))


@dataclass(frozen=True)
class Page:
    """One file; ``path`` is relative to the repository."""

    path: str

    @cached_property
    def file(self) -> Path:
        """Where it is."""
        return ROOT / self.path

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """What is not in a block of code."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    @cached_property
    def headings(self) -> list[str]:
        """The headings, without their marks."""
        return re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)

    @cached_property
    def anchors(self) -> set[str]:
        """What can stand behind ``#`` in a link to this page, as GitHub makes it."""
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings
        }

    @cached_property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)

    @cached_property
    def items(self) -> list[str]:
        """The items of its lists, each in one line; a forced line break is kept as a newline."""
        found = re.findall(r"^- (.+(?:\n  .+)*)", self.prose, re.MULTILINE)
        return [re.sub(r"(?<!\\)\n {2}", " ", item).replace("\\\n  ", "\n") for item in found]

    def section(self, heading: str) -> str:
        """Return what stands under a heading, up to the next of its kind."""
        match = re.search(
            rf"^(#+) {re.escape(heading)}$\n(.*?)(?=^\1 |\Z)", self.text, re.MULTILINE | re.DOTALL
        )
        assert match is not None, f"no {heading!r} in {self.path}"
        return match.group(2)
