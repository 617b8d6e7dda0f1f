"""Puts what is logged into the queue of the journal's writer."""

import logging

from meshbot.text.log_format import JournalFormatter
from meshbot.threads.output_writer import OutputWriter


class JournalHandler(logging.Handler):
    """Makes each record a line at once, on the caller's thread: its arguments may change later."""

    def __init__(self, writer: OutputWriter) -> None:
        """Name who writes the lines."""
        super().__init__()
        self._writer = writer
        self.setFormatter(JournalFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of a record; never blocks."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a line that cannot be made must not cost its caller
            self.handleError(record)
        else:
            self._writer.offer(line)
