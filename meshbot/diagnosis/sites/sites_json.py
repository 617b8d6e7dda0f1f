"""Several sites for programs. Pure."""

import json
from collections.abc import Mapping, Sequence

from meshbot.diagnosis.sites.shared_losses import SharedLosses

MOST_MOMENTS = 1_000


def sites_json(
    reports: Mapping[str, object], shared: Sequence[SharedLosses], unreadable: Mapping[str, str]
) -> str:
    """Return the reports of the sites by their names, and which of them lose links together.

    ``unreadable``: why there is no report, by the name of the file.
    """
    return json.dumps(
        {
            "sites": dict(reports),
            "together": [
                {
                    "sites": [one.first, one.second],
                    "losses": len(one.moments_s),
                    "of": [one.of_first, one.of_second],
                    "expected_by_chance": one.expected,
                    "p_value": one.p_value,
                    "moments": list(one.moments_s[-MOST_MOMENTS:]),
                }
                for one in shared
            ],
            "unreadable": dict(unreadable),
        },
        ensure_ascii=False,
        indent=2,
    )
