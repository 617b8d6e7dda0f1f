"""The site's facts, as config.py and the environment give them, checked."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from meshbot.service.mode_choice import decide_mode
from meshbot.service.node_address import DEFAULT_PORT, MAX_PORT
from meshbot.service.settings_reader import MISSING, SettingsReader
from meshbot.service.share_reading import read_share, refuse_to_serve_itself
from meshbot.service.status_reading import read_status, refuse_one_port_for_two
from meshbot.sharing.share_settings import ShareSettings
from meshbot.status.status_settings import StatusSettings
from meshbot.text.language import FRENCH, LANGUAGES, tr

CONNECTION_MODES = ("simulated", "tcp", "serial")
LOG_LEVELS = tuple(logging.getLevelName(level) for level in (20, 10, 30, 40))


@dataclass(frozen=True)
class SiteSettings:
    """The checked contents of config.py."""

    connection_mode: str
    tcp_host: str
    tcp_port: int
    serial_port: str | None
    database_path: Path
    log_level: str
    answer_channels: tuple[int, ...]
    admin_nodes: dict[int, str]
    """The beginning of the key that each must have, or nothing."""
    require_pki: bool
    share: ShareSettings = field(default_factory=ShareSettings)
    alert_urls: tuple[str, ...] = field(default=(), repr=False)
    """The services that alerts are sent by; with their passwords, so never shown."""
    status: StatusSettings = field(default_factory=StatusSettings)
    language: str = FRENCH
    mode_decided_by: str = "CONNECTION_MODE"
    """The setting that the mode comes from; nothing where none is set: the simulated node."""


def read_site(reader: SettingsReader, config: ModuleType) -> SiteSettings:
    """Return the settings of the module config.py; what is wrong with them the reader keeps."""
    file = reader.for_file(f"{config.__name__}.py")

    def default(name: str, fallback: object = MISSING) -> object:
        return getattr(config, name, fallback)

    said = file.choice("CONNECTION_MODE", default("CONNECTION_MODE"), CONNECTION_MODES)
    serial_port = _device_path(file.optional_text("SERIAL_PORT", default("SERIAL_PORT")))
    mode = decide_mode(file, said, default, serial_port)
    tcp_host, tcp_port = _node_place(file, default("TCP_HOST"), default("TCP_PORT"))
    settings = SiteSettings(
        connection_mode=mode.mode,
        tcp_host=tcp_host,
        tcp_port=tcp_port,
        serial_port=serial_port,
        database_path=file.path("DATABASE_PATH", default("DATABASE_PATH")),
        language=file.choice("LANGUAGE", default("LANGUAGE", FRENCH), LANGUAGES),
        log_level=file.choice("LOG_LEVEL", default("LOG_LEVEL"), LOG_LEVELS),
        answer_channels=file.channels("ANSWER_CHANNELS", default("ANSWER_CHANNELS")),
        admin_nodes=file.nodes("ADMIN_NODES", default("ADMIN_NODES")),
        require_pki=file.flag("REQUIRE_PKI", default("REQUIRE_PKI", False)),
        share=read_share(file, default),
        alert_urls=file.service_urls("ALERT_URLS", default("ALERT_URLS")),
        mode_decided_by=mode.decided_by,
        status=read_status(file, default),
    )
    if mode.mode == "tcp":
        refuse_to_serve_itself(file, settings.share, tcp_host, tcp_port)
    refuse_one_port_for_two(file, settings.share, settings.status)
    file.check_names(vars(config))
    return settings


def _node_place(file: SettingsReader, host: object, port: object) -> tuple[str, int]:
    """Return the node's address and port, which may stand together in ``TCP_HOST``.

    The port beside the address counts, unless ``TCP_PORT`` was set to another one on purpose: in
    the same place, or further up in the order of the places.
    """
    known = len(file.problems)
    address = file.address("TCP_HOST", host)
    tcp_port = file.whole("TCP_PORT", port, 1, MAX_PORT)
    if address.port in (None, tcp_port) or len(file.problems) > known:
        return address.host, tcp_port
    if file.is_from_outside("TCP_PORT") or (
        tcp_port != DEFAULT_PORT and not file.is_from_outside("TCP_HOST")
    ):
        file.problems.append(
            tr(
                "TCP_HOST donne le port {port} et TCP_PORT le port {tcp_port} : n'en garder qu'un",
                port=address.port,
                tcp_port=tcp_port,
            )
        )
    return address.host, address.port or tcp_port


def _device_path(port: str | None) -> str | None:
    """Return a port's path, where only its name was written."""
    return port if port is None or "/" in port else f"/dev/{port}"
