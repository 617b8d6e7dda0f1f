"""Why the link was lost: its journal, its history, the verdict, the report."""
