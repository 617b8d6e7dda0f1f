"""Answers only who asked for this machine, and only those who want to read.

A page of another site whose name is made to lead here (DNS rebinding) would else be read by that
site in the operator's browser. Such a page has a name; who gives an address typed it.
"""

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshbot.sharing.local_address import is_of_this_machine

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_METHODS = ("GET", "HEAD")
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^:\[\]/@\s]+))(?::[0-9]{1,5})?")


class HostGuard:
    """An ASGI application before another one."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        """Guard ``app``; ``hosts``: other names under which this machine is known."""
        self._app = app
        self._hosts = frozenset(host.casefold().rstrip(".") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered, with what a browser has to keep to."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._refusal(scope) or self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """Return what answers who gets nothing else."""
        if scope["method"] not in _METHODS:
            return PlainTextResponse(
                "only GET and HEAD\n", status_code=405, headers={"Allow": ", ".join(_METHODS)}
            )
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return PlainTextResponse("not a name of this machine\n", status_code=421)
        return None

    def _is_ours(self, host: str) -> bool:
        """Say whether a ``Host`` means this machine; behind a router its address is another."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = (match["v6"] or match["name"]).casefold().rstrip(".")
        return name in self._hosts or _is_address(name) or is_of_this_machine(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
