"""A file of the package that a browser is given, under a tag of its contents."""

import hashlib
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).with_name("static")


class StaticFile:
    """Read when it is first asked for."""

    def __init__(self, name: str, media_type: str) -> None:
        """Name the file."""
        self.name = name
        self._media_type = media_type

    @cached_property
    def _content(self) -> bytes:
        return (FOLDER / self.name).read_bytes()

    @cached_property
    def _tag(self) -> str:
        return f'"{hashlib.sha256(self._content).hexdigest()[:20]}"'

    async def serve(self, request: Request) -> Response:
        """Answer a request; a browser that has it already is told so."""
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        tags = request.headers.get("if-none-match", "")
        if self._tag in (tag.strip().removeprefix("W/") for tag in tags.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(self._content, media_type=self._media_type, headers=headers)
