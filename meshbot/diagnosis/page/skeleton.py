"""The page around the report's parts, which is a template.

jinja2 is loaded when a page is made: the bot itself, and a report in words, do without.
"""

from collections.abc import Iterable

from meshbot.diagnosis.page.markup import Markup
from meshbot.text.language import language_now


def whole_page(title: Markup, style: str, parts: Iterable[Markup]) -> str:
    """Return the page; a text that is no markup is escaped by the template."""
    import markupsafe  # noqa: PLC0415
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("meshbot.diagnosis.page"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(
        lang=language_now(),
        title=markupsafe.Markup(title),
        style=markupsafe.Markup(style),
        parts=markupsafe.Markup("\n".join(parts)),
    )
