"""What settings that make no sense raise."""


class ConfigError(Exception):
    """Settings that make no sense. ``str()`` is one line that names each of them."""
