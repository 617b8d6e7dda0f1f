"""Dependencies, packages, programs: the documents name those that there are."""

import re

from hypothesis import settings

from tests.documents.page import PAGES, ROOT, Page

README = Page("README.md")
CONTRIBUTING = Page("CONTRIBUTING.md")


def required(file: str) -> list[str]:
    """Return the names in the first block of a file of requirements."""
    block = (ROOT / file).read_text(encoding="utf-8").split("\n\n", 1)[0]
    return re.findall(r"^([A-Za-z0-9_.-]+)==", block, re.MULTILINE)


def test_each_dependency_is_named_with_what_it_is_for() -> None:
    rows = re.findall(
        r"^\| \[([^]]+)\]\(https://pypi\.org/project/\1/\) \| \S.* \|$",
        README.section("Dependencies"),
        re.MULTILINE,
    )
    assert sorted(rows) == sorted(required("requirements.txt"))


def test_each_tool_is_named() -> None:
    (tools,) = re.findall(r"alone need (.+?)\.\n", README.section("Dependencies"), re.DOTALL)
    assert sorted(re.split(r",\s+|\s+and\s+", tools)) == sorted(required("requirements-dev.txt"))


def test_each_package_is_in_the_layout() -> None:
    packages = {path.parent.name for path in (ROOT / "meshbot").glob("*/__init__.py")}
    listed = re.findall(r"^- `meshbot/(\w+)/`: \S", CONTRIBUTING.text, re.MULTILINE)
    assert sorted(listed) == sorted(packages)


def test_each_module_at_the_top_is_in_the_layout_and_in_the_architecture() -> None:
    for page in (CONTRIBUTING, Page("docs/architecture.md")):
        assert [path.name for path in ROOT.glob("*.py") if f"`{path.name}`" not in page.text] == []


def test_the_documents_name_the_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    texts = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    named = re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )*make ([a-z]+(?:-[a-z]+)*)", texts, re.MULTILINE)
    assert set(named) == set(phony.split())


def test_each_field_report_names_a_test_that_there_is() -> None:
    reports = Page("docs/field-reports.md").text.split("\n### ")[1:]
    assert reports
    for report in reports:
        (test,) = re.findall(r"^Test: `(\S+)`\.$", report, re.MULTILINE)
        assert (ROOT / test).is_file(), report


def test_no_test_is_judged_by_the_clock_of_a_busy_machine() -> None:
    """In both profiles: an example may take as long as it does."""
    profiles = [settings.get_profile(name) for name in ("meshbot", "quick")]
    assert [profile.deadline for profile in (settings(), *profiles)] == [None] * 3
