"""A terminal as far as the bot uses one: what stands on it after all that was written."""

import re

_BEGUN = re.compile(r"\x1b(\[[0-9;]*)?\Z")
"""An order of which the rest is still to come."""
_PIECE = re.compile(r"\x1b\[(?P<how>[0-9;]*)(?P<what>[A-Za-z])|(?P<char>.)", re.DOTALL)


class Screen:
    """Rows of text without end. It breaks no lines: what the bot keeps in one row is short."""

    def __init__(self) -> None:
        self.rows = [""]
        self._row = 0
        self._column = 0
        self._begun = ""
        self.unknown: list[str] = []
        """Orders to the terminal that it was not to be given."""

    def write(self, text: str) -> None:
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun.group() if begun is not None else ""
        text = text.removesuffix(self._begun)
        for piece in _PIECE.finditer(text):
            if piece["char"] is None:
                self._order(piece["what"], piece["how"])
            elif piece["char"] == "\r":
                self._column = 0
            elif piece["char"] == "\n":
                self._down()
            else:
                row = self.rows[self._row].ljust(self._column)
                self.rows[self._row] = row[: self._column] + piece["char"] + row[self._column + 1 :]
                self._column += 1

    def _down(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self.rows):
            self.rows.append("")

    def _order(self, what: str, how: str) -> None:
        if what == "A":
            self._row = max(self._row - int(how or 1), 0)
        elif what == "J":
            self.rows[self._row] = self.rows[self._row][: self._column]
            del self.rows[self._row + 1 :]
        elif what != "m":
            self.unknown.append(how + what)
