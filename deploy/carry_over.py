"""Carries settings that were edited in an installed bot over into its settings file.

``carry_over.py DELIVERED INSTALLED SETTINGS``: what config.py and the constants of MeshBot in
main_bot.py were when delivered and are now; each one that differs becomes a ``MESHBOT_NAME=value``
line of SETTINGS, unless that names it already. Standard library only: it runs before the rest.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

PREFIX = "MESHBOT_"
SECRET = ("ALERT_URLS",)
"""Names whose values hold passwords: they are carried over, and not shown."""


@dataclass(frozen=True)
class Expression:
    """A value that has to be worked out, which this program does not."""

    text: str


def constants_in(path: Path) -> dict[str, object]:
    """Return the upper-case names that a file sets, or the class MeshBot where it has one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "MeshBot"
    ] or [tree.body]
    found: dict[str, object] = {}
    for statement in (statement for body in bodies for statement in body):
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and target.id.isupper() and value is not None:
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    found[target.id] = Expression(ast.unparse(value))
    return found


def edited(delivered: Path, installed: Path) -> dict[str, object]:
    """Return what was edited in a file, by name."""
    before, now = constants_in(delivered), constants_in(installed)
    return {name: value for name, value in now.items() if name in before and value != before[name]}


def as_text(value: object) -> str:
    """Return a value as it stands in the settings file."""
    if isinstance(value, (tuple, list, set, frozenset)):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value)


def _shown(name: str, text: str) -> str:
    return "…" if name in SECRET else text


def main(arguments: list[str]) -> int:
    """Carry over, saying what; return the exit code."""
    delivered, installed, settings = (Path(argument) for argument in arguments)
    text = settings.read_text(encoding="utf-8")
    named = {line.split("=", 1)[0].strip() for line in text.splitlines() if "=" in line}
    lines: list[str] = []
    shown: list[str] = []
    for file in ("config.py", "main_bot.py"):
        try:
            changes = edited(delivered / file, installed / file)
        except (OSError, SyntaxError, ValueError) as error:
            sys.stderr.write(f"❌ {installed / file} illisible ({error}) : rien n'est changé\n")
            return 1
        for name, value in changes.items():
            if PREFIX + name in named or name == "DATABASE_PATH":
                # Of the database the unit says where it is; what stands there already wins.
                sys.stdout.write(f"  non repris, {settings} ou le service en décide : {name}\n")
                continue
            if isinstance(value, Expression):
                said = _shown(name, value.text)
                sys.stdout.write(f"⚠️ À reprendre à la main dans {settings} : {name} = {said}\n")
            else:
                text_of_value = as_text(value)
                lines.append(f"{PREFIX}{name}={text_of_value}")
                shown.append(f"{PREFIX}{name}={_shown(name, text_of_value)}")
    if lines:
        added = "# Repris des fichiers modifiés à la main :\n" + "\n".join(lines) + "\n"
        fresh = settings.with_name(settings.name + ".new")
        fresh.touch(0o600)
        fresh.write_text(text.rstrip("\n") + "\n\n" + added, encoding="utf-8")
        fresh.chmod(settings.stat().st_mode & 0o777)
        fresh.replace(settings)
        for line in shown:
            sys.stdout.write(f"  repris dans {settings} : {line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
