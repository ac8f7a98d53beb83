"""The browser that tests look at pages with: Chromium, without a window."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
WITHOUT = "no Chromium: apt-get install -y chromium"


def open_page(address: str, profile: Path, hosts: str, *options: str) -> str:
    """Opens a page, runs its scripts, and returns the document as it is then.

    Args:
        address: String, the page's URL.
        profile: Path of a folder for the browser's own files.
        hosts: String, Chromium's rules for where host names lead.
        options: Strings, further options of the browser.
    """
    done = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update"),
            *("--disable-features=NetworkTimeServiceQuerying", "--disable-sync"),
            *("--disable-dev-shm-usage", f"--user-data-dir={profile}"),
            f"--host-resolver-rules={hosts}",
            *options,
            *("--virtual-time-budget=5000", "--dump-dom", address),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout, done.stderr[-2000:]
    return done.stdout
