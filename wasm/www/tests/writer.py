"""A volume under write, and its files on the web: what a page elsewhere is a passive node of.

The package's files are there, too, and below `/page/` the page as it is hosted.

The server gives ranges of the two files and knows nothing of the volume. What each shadow copy
holds in truth is told at `/truth/ID`, as the digest of a model that the writer keeps beside it.
"""

import hashlib
import json
import os
import random
import re
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import shadowvol as sv

SIZE = 1 << 18
# Copies live for some seconds: a page on a busy machine reads them in that time, or is told `Gone`.
KEPT = 10
WRITES_PER_COPY = 200
PAUSE = 0.001

PAGE = """<!doctype html><title>passive</title>
<script type="importmap">{"imports": {"#bytes": "/bytes.js"}}</script>
<script type="module">import * as all from "/index.js"; window.shadowvol = all;</script>"""

truth: dict[str, str] = {}


class Handler(SimpleHTTPRequestHandler):
    """The package's files, the truth, and ranges of the volume's files."""

    protocol_version = "HTTP/1.1"
    volume: Path
    page: Path

    def do_GET(self) -> None:
        if self.path == "/":
            self.give(200, "text/html", PAGE.encode())
        elif self.path == "/favicon.ico":
            self.give(204, "image/svg+xml", b"")
        elif self.path.startswith("/truth/"):
            digest = truth.get(self.path.removeprefix("/truth/"))
            self.give(200, "application/json", json.dumps(digest).encode())
        elif self.path.startswith("/disk.img"):
            self.give_range(self.volume / self.path[1:])
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        if not path.startswith("/page/"):
            return super().translate_path(path)
        inside = path.removeprefix("/page/").partition("?")[0] or "index.html"
        file = (self.page / inside).resolve()
        return str(file if file.is_relative_to(self.page) else self.page / "nowhere")

    def give_range(self, file: Path) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if not asked:
            self.give(400, "text/plain", b"ask for a range")
            return
        first, last = int(asked[1]), int(asked[2])
        with file.open("rb", buffering=0) as opened:
            total = os.fstat(opened.fileno()).st_size
            data = os.pread(opened.fileno(), last + 1 - first, first)
        headers = {"content-range": f"bytes {first}-{first + len(data) - 1}/{total}"}
        self.give(206, "application/octet-stream", data, headers)

    def give(
        self, status: int, kind: str, data: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def write(volume: Path) -> None:
    """Writes until the process is ended."""
    draw = random.Random(7)
    with sv.Volume.create(volume / "disk.img", size=SIZE) as vol:
        model = bytearray(SIZE)
        while True:
            for _ in range(WRITES_PER_COPY):
                length = draw.randrange(1, 40_000)
                at = draw.randrange(SIZE - length)
                data = draw.randbytes(length)
                vol.write(at, data)
                model[at : at + length] = data
                time.sleep(PAUSE)
            copy = vol.create_shadow_copy()
            truth[str(copy.id)] = hashlib.sha256(model).hexdigest()
            for old in vol.shadow_copies()[:-KEPT]:
                vol.delete_shadow_copy(old.id)


def main(dist: str, page: str, folder: str) -> None:
    volume = Path(folder)
    Handler.volume = volume
    Handler.page = Path(page).resolve()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=dist))
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    write(volume)


main(*sys.argv[1:])
