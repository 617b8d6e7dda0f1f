"""The verdicts, one a file: name, words, remedy, what it explains, why, what to do.

A new cause is a new file here and a line in ``CAUSES``, at the place where it is asked.
"""

from meshbot.diagnosis.verdicts.a_schedule import A_SCHEDULE
from meshbot.diagnosis.verdicts.another_client import ANOTHER_CLIENT
from meshbot.diagnosis.verdicts.database_dump import DATABASE_DUMP
from meshbot.diagnosis.verdicts.fixed_interval_client import FIXED_INTERVAL_CLIENT
from meshbot.diagnosis.verdicts.machine_or_access_point import MACHINE_OR_ACCESS_POINT
from meshbot.diagnosis.verdicts.machine_short_of_means import MACHINE_SHORT_OF_MEANS
from meshbot.diagnosis.verdicts.network_or_power import NETWORK_OR_POWER
from meshbot.diagnosis.verdicts.node_crashes import NODE_CRASHES
from meshbot.diagnosis.verdicts.node_reboots import NODE_REBOOTS
from meshbot.diagnosis.verdicts.nothing_to_explain import NOT_ENOUGH_DATA, SYNC_CLEARED
from meshbot.diagnosis.verdicts.quiet_mesh import QUIET_MESH
from meshbot.diagnosis.verdicts.region_unset import REGION_UNSET
from meshbot.diagnosis.verdicts.scheduled_reconnection import SCHEDULED_RECONNECTION
from meshbot.diagnosis.verdicts.serial_port import SERIAL_PORT
from meshbot.diagnosis.verdicts.sync_suspected import SYNC_SUSPECTED
from meshbot.diagnosis.verdicts.unexplained import UNEXPLAINED

CAUSES = (
    SCHEDULED_RECONNECTION,
    MACHINE_SHORT_OF_MEANS,
    SERIAL_PORT,
    SYNC_SUSPECTED,
    DATABASE_DUMP,
    QUIET_MESH,
    FIXED_INTERVAL_CLIENT,
    ANOTHER_CLIENT,
    A_SCHEDULE,
    MACHINE_OR_ACCESS_POINT,
    NODE_REBOOTS,
    NODE_CRASHES,
    NETWORK_OR_POWER,
    UNEXPLAINED,
)
"""In the order in which each is asked what it explains of what is left."""
VERDICTS = (*CAUSES, REGION_UNSET, NOT_ENOUGH_DATA, SYNC_CLEARED)
"""All there are."""
