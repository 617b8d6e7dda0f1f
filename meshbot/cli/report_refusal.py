"""Why there is no report."""


class ReportRefusal(Exception):
    """The report cannot be made. ``str()`` says why."""
