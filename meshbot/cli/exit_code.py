"""The exit codes of the program."""

EXIT_OK = 0
EXIT_NO = 1
"""What was asked for cannot be done now, or something is not as it should be."""
EXIT_CONFIG = 2
"""Settings or a database that only a person can put right: systemd does not try again."""
