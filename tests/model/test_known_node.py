"""What the bot knows of a node, copied."""

from dataclasses import fields

from meshbot.model.known_node import KnownNode


def test_a_copy_has_every_field_and_changes_alone() -> None:
    values = {field.name: f"value of {field.name}" for field in fields(KnownNode)}
    node = KnownNode(**values)  # type: ignore[arg-type]
    copied = node.copy()
    assert {name: getattr(copied, name) for name in values} == values
    copied.long_name = "another"
    assert node.long_name == "value of long_name"
