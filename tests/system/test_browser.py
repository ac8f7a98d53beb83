"""The page in a real browser: it renders, fits a phone, asks for nothing, and runs nothing.

Every host name leads to a server in this test, so any request that a page makes is seen.
"""

from __future__ import annotations

import html as markup
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graders.printable import plain
from graders.reports import html
from tests.browser import BROWSER, WITHOUT, open_page
from tests.verdicts import HOSTILE_EVIDENCE, RICH, hostile, task, verdict

pytestmark = pytest.mark.skipif(not BROWSER, reason=WITHOUT)

# Shows a page as wide as a phone, and writes down what it measures there.
FRAME = """<!DOCTYPE html><body><iframe id="f" src="/page" width="375" height="800"
 style="border: 0; color-scheme: {scheme}"></iframe><p id="found"></p><script>
f.onload = () => {{
  const page = f.contentDocument, root = page.documentElement;
  const seen = (e) => e.getBoundingClientRect();
  const plots = [...page.querySelectorAll(".plot svg")].map(seen);
  found.textContent = JSON.stringify({{
    wide: root.scrollWidth, title: page.title, background: getComputedStyle(page.body).backgroundColor,
    plots: plots.length, flat: plots.filter((r) => r.width < 200 || r.height < 100).length,
    ink: getComputedStyle(page.querySelector("h1")).color,
    cut: [...page.querySelectorAll(".heat")].map((t) => t.offsetWidth - t.parentNode.clientWidth),
    tall: Math.max(...[...page.querySelectorAll(".heat td")].map((e) => seen(e).height)),
  }});
}};
</script></body>"""

Look = Callable[..., str]


@pytest.fixture
def asked() -> list[str]:
    """What the browser asked the server for."""
    return []


@pytest.fixture
def look(asked: list[str], tmp_path: Path) -> Iterator[Look]:
    """A function that shows a page, and returns the document after it was loaded."""
    pages: dict[str, str] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            asked.append(f"{host}{self.path}")
            content = pages.get(self.path, "") if host == "kit.example" else ""
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(path: str, **documents: str) -> str:
        pages.update({f"/{name}": document for name, document in documents.items()})
        rules = f"MAP * 127.0.0.1:{server.server_port}"
        return open_page(f"http://kit.example/{path}", tmp_path / "profile", rules)

    yield show
    server.shutdown()
    server.server_close()


def measure(document: str) -> dict:
    """Returns what the frame's script has written down."""
    import json

    [found] = re.findall(r'<p id="found">(.*?)</p>', document, re.DOTALL)
    return json.loads(markup.unescape(found))


def test_a_request_would_be_seen(look: Look, asked: list[str]) -> None:
    """The test itself: a page that does load an image and run a script is caught."""
    page = "<img src='http://evil.example/x'><script>document.title = 'owned'</script>"
    assert "<title>owned</title>" in look("page", page=page)
    assert "evil.example/x" in asked


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_renders_on_a_phone(look: Look, asked: list[str], scheme: str) -> None:
    """No wider than the screen, every plot drawn, in light and in dark, and nothing asked for."""
    page = html.render(verdict(task(evidence=RICH), task("lstm", "failed", evidence=RICH)))
    found = measure(look("frame", page=page, frame=FRAME.format(scheme=scheme)))
    assert found["wide"] <= 375
    assert (found["plots"], found["flat"]) == (12, 0)
    background, ink = (
        sum(map(int, re.findall(r"\d+", found[key])[:3])) for key in ("background", "ink")
    )
    assert (background < 200 < 500 < ink) if scheme == "dark" else (ink < 200 < 700 < background)
    asked = [path for path in asked if path != "kit.example/favicon.ico"]
    assert sorted(asked) == ["kit.example/frame", "kit.example/page"]


def test_a_table_of_ten_classes_fits_a_phone(look: Look) -> None:
    """A confusion matrix with hundreds in it needs no scrolling, and no number is broken in two."""
    table = [[100 if i == j else 0 for j in range(10)] for i in range(10)]
    page = html.render(verdict(task(evidence={"confusion": table})))
    found = measure(look("frame", page=page, frame=FRAME.format(scheme="light")))
    assert found["cut"][0] <= 0
    assert 10 < found["tall"] < 32


def test_hostile_text_stays_text(look: Look, asked: list[str]) -> None:
    """Of a hostile submission's markup nothing is loaded and nothing runs."""
    evidence = [task("cnn", "failed", evidence=plain(given)) for given in HOSTILE_EVIDENCE]
    document = look("page", page=html.render(verdict(*hostile().tasks, *evidence)))
    assert "&lt;script&gt;fetch('http://evil.example/')" in document
    assert "<script" not in document
    assert not re.search(r'<img src="(?!data:image/png;base64,)', document)
    assert document.rstrip().endswith("</html>")
    assert asked == ["kit.example/page"]
