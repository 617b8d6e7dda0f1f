"""The program as a service: its settings, systemd, the upkeep of a long run."""
