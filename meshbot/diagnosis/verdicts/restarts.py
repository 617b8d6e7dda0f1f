"""Whether the node restarted during an outage, and how that is known. Pure."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.model.cause import Cause
from meshbot.text.language import tr
from meshbot.text.quantities import counted

BOOT_S = 120.0
CLOCK_S = 15.0
"""A node tells its uptime once a minute, in whole seconds, and our clock has its own view."""
SPOKE_S = 4.0
"""A RST so soon after the node's last byte came from the living node."""


def restarted(loss: Loss) -> bool | None:
    """Say whether the node told that it restarted; None where it told nothing."""
    if loss.cause is Cause.REBOOTED or loss.reboots:
        return True
    if loss.booted_s is not None:
        return loss.booted_s >= loss.died_s - CLOCK_S
    return False if loss.reboots == 0 else None


def had_closed_port(loss: Loss) -> bool:
    """Say whether the node was away for the time of a boot, its port closed or it out of reach."""
    lasted_s = None if loss.recovered_s is None else loss.recovered_s - loss.declared_s
    if lasted_s is None or lasted_s >= BOOT_S:
        return False
    if Cause.REFUSED in loss.group_of_failures:
        return True
    # Wi-Fi that fails gives no FIN: a node that closes in good order and is away is restarting.
    left = loss.cause is Cause.FIN or (loss.cause is Cause.RESET and loss.gateway is not True)
    return left and Cause.UNREACHABLE in loss.group_of_failures


def claimed_restarts(case: Case, losses: Sequence[Loss], *, back_at_once: bool) -> list[Loss]:
    """Return the restarts among losses, if most of them were of one of the two kinds.

    A boot that is over before the bot asks again is the same as one that is not; so whatever most
    restarts look like, that is what all are called.
    """
    restarts = [loss for loss in losses if is_restart(loss)]
    at_once = sum(not had_closed_port(loss) for loss in restarts)
    return restarts if (2 * at_once > len(restarts)) is back_at_once else []


def is_restart(loss: Loss) -> bool:
    """Say whether a loss most probably was one, if nobody took the node's place."""
    told = restarted(loss)
    if told or had_closed_port(loss):
        return True
    if told is False:
        return False
    if loss.cause is not Cause.RESET or loss.failures:
        return False
    return loss.heard_s is None or loss.declared_s - loss.heard_s >= SPOKE_S


def restart_evidence(losses: Sequence[Loss]) -> list[Statement]:
    """Say how the restarts are known, what the node told first."""
    said = []
    counts = sum(bool(loss.reboots) for loss in losses)
    if counts:
        grown = counted(counts, "coupure après laquelle", "coupures après lesquelles")
        said.append(Statement(tr("{grown} le nœud comptait un redémarrage de plus", grown=grown)))
    uptimes = sum(restarted(loss) is True and not loss.reboots for loss in losses)
    if uptimes:
        young = counted(uptimes, "coupure après laquelle", "coupures après lesquelles")
        said.append(Statement(tr("{young} le nœud venait de démarrer, dit-il", young=young)))
    closed = sum(had_closed_port(loss) for loss in losses)
    if closed:
        shut = counted(closed, "coupure", "coupures")
        said.append(
            Statement(
                tr(
                    "{shut} sur {losses} où le port du nœud était fermé quelques instants, "
                    "comme pendant un démarrage",
                    shut=shut,
                    losses=len(losses),
                )
            )
        )
    inferred = sum(restarted(loss) is None and not had_closed_port(loss) for loss in losses)
    if inferred:
        cut = counted(inferred, "liaison réinitialisée", "liaisons réinitialisées")
        said.append(
            Statement(
                tr(
                    "{cut} (RST) par un nœud qui ne connaissait plus la connexion, et de retour "
                    "aussitôt",
                    cut=cut,
                ),
                observed=False,
            )
        )
    return said
