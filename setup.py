"""Compiles the catalogues into the wheel; all else that is built is said in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithCatalogues(build_py):
    """What is built of a ``.po`` file is the ``.mo`` beside it."""

    def run(self) -> None:
        """Build the modules, then compile."""
        super().run()
        sys.path.insert(0, str(ROOT))
        from meshbot.text.language import CATALOGUES, compiled_catalogue  # noqa: PLC0415

        built = Path(self.build_lib) / CATALOGUES.relative_to(ROOT)
        for source in CATALOGUES.glob("*.po"):
            (built / source.name).with_suffix(".mo").write_bytes(compiled_catalogue(source))


setup(cmdclass={"build_py": BuildWithCatalogues})
