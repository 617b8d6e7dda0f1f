"""What people read: log lines, quantities, limits on how often and how long. Pure."""
