"""The command line: check, keys, report."""
