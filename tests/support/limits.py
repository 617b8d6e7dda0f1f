"""How long a test waits for what is to happen; reached only where it never does."""

WAIT_S = 30.0
"""For something that happens at once on a machine that has nothing else to do."""

PROGRAM_S = 90.0
"""For a program to come up, or to end."""

LATE_S = 2.5
"""How much later than promised a busy machine may be. Less than what the promise rules out: a pause
at its default length, or another round of the one that is allowed."""
