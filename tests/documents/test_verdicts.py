"""``docs/report.md`` says what to do about each verdict."""

from meshbot.diagnosis.verdicts import VERDICTS
from tests.documents.page import Page


def test_each_verdict_is_explained() -> None:
    verdicts = [item for item in Page("docs/report.md").items if item.startswith("**")]
    heads = [item.partition("\n") for item in verdicts]
    assert {head for head, _, _ in heads} == {f"**{verdict.text}**" for verdict in VERDICTS}
    assert all(advice for _, _, advice in heads)
