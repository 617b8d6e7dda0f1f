"""The coin that a trial tosses, apart from the trial: a bot without one loads none of it."""

import secrets


def fair_coin() -> bool:
    """Toss one."""
    return bool(secrets.randbits(1))
