"""The parts of the page as HTML, made of the view's records. Pure, but for the templates' files.

Names and texts of the mesh are escaped by jinja2, all of them: autoescape is on for every template.
"""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from meshbot import VERSION
from meshbot.model.node_metrics import POWERED_PERCENT
from meshbot.status.page import filters
from meshbot.status.page.labels import fate_label, key_label, labels
from meshbot.text.language import language_now
from meshbot.text.quantities import duration_text
from meshbot.text.typography import percentage


class Fragments:
    """The templates, loaded when they are first needed."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._environment: Environment | None = None

    def render(self, name: str, record: object) -> str:
        """Return a part of the page."""
        return self._rendered(f"{name}.html", record=record)

    def page(self, parts: dict[str, str], *, shared: bool, now_s: float) -> str:
        """Return the whole page around its parts, which are HTML already."""
        return self._rendered(
            "page.html",
            parts=parts,
            shared=shared,
            now_s=now_s,
            lang=language_now(),
            version=VERSION,
        )

    def _rendered(self, file: str, **values: Any) -> str:
        if self._environment is None:
            self._environment = _environment()
        text = self._environment.get_template(file).render(t=labels(), **values)
        # The name of a file may hold what no browser can be sent.
        return text.encode("utf-8", "backslashreplace").decode()


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("meshbot.status.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        moment=filters.moment,
        decimal=filters.decimal,
        percent=filters.percent,
        percentage=lambda value: percentage(str(value)),
        duration=duration_text,
        piece=filters.piece_text,
        place=filters.place,
        hours=filters.hours,
        fate=fate_label,
        key_state=key_label,
    )
    environment.globals["POWERED"] = POWERED_PERCENT
    return environment
