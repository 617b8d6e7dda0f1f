"""Alerts to the operator, wherever he is: what is told, how often, and by which services."""
