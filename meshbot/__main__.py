"""The command ``meshbot``, where the bot is installed as a package; also ``python -m meshbot``."""

import sys

from meshbot.service.process_start import prepare_process, run_process


def main() -> int:
    """Run the bot or one of its commands; return the exit code."""
    prepare_process()
    import main_bot  # noqa: PLC0415  # after what must come before its imports

    return run_process(main_bot.main)


if __name__ == "__main__":
    sys.exit(main())
