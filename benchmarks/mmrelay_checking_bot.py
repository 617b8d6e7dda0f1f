"""Contender: mmrelay with its health checks turned on, at their default durations."""

from benchmarks.contender import run
from benchmarks.mmrelay_bot import MmrelayBot


class MmrelayCheckingBot(MmrelayBot):
    """mmrelay as an operator has it who set ``health_check.enabled``, and nothing else."""

    checks = True


if __name__ == "__main__":
    run(MmrelayCheckingBot)
