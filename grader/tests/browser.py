"""A browser for tests: Chromium without a window, with nothing of the user's in it.

    with open_browser() as browser:
        browser.resize(390)
        browser.prefer("dark")
        browser.open(page)  # a file
        assert browser.run("return document.title") == "…"
        assert browser.requests == [page.as_uri()] and not browser.complaints

It reaches nothing but files, and addresses that it is told; what a page asks for is recorded.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

WIDE, NARROW = 1280, 390  # pixels: a laptop, a telephone
_HEIGHT = 900
_LOAD_S = 30
_ARGUMENTS = (
    "--headless=new",
    # It opens pages that the tests have made, and should do so in a container, too.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-proxy-server",
)


class Browser:
    """One tab. `requests` and `complaints` hold what was seen since the last `forget`."""

    def __init__(self, driver: webdriver.Chrome):
        self._driver = driver
        self._width = WIDE
        self._requests: list[str] = []
        self._complaints: list[str] = []
        driver.set_page_load_timeout(_LOAD_S)
        driver.set_script_timeout(_LOAD_S)
        self.resize(WIDE)
        self.prefer("light")

    # --- what a person sets ----------------------------------------------------------------------

    def resize(self, width: int, height: int = _HEIGHT) -> None:
        """The page's room in CSS pixels; a window could not be as narrow as a telephone."""
        self._width = width
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str, *, motion: bool = False) -> None:
        """What the page's style may ask for: the scheme is `light` or `dark`."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"},
        ]
        self.command("Emulation.setEmulatedMedia", features=features)

    def scripts(self, on: bool) -> None:
        """Whether pages that are opened from now on may run scripts."""
        self.command("Emulation.setScriptExecutionDisabled", value=not on)

    # --- what a person does ----------------------------------------------------------------------

    def open(self, page: Path | str) -> None:
        """A file, or an address; returns when all of it is loaded."""
        self._driver.get(page.as_uri() if isinstance(page, Path) else page)

    def press(self, *keys: str) -> None:
        """Keys by the names of selenium's `Keys` (`ARROW_RIGHT`, `END`, `TAB`), or characters."""
        for key in keys:
            ActionChains(self._driver).send_keys(getattr(Keys, key, key)).perform()

    def click(self, selector: str) -> None:
        """On the element that a CSS selector names."""
        self._driver.find_element("css selector", selector).click()

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs JavaScript in the page; `return` gives back numbers, texts, lists, dictionaries."""
        return self._driver.execute_script(script, *arguments)

    def run_until_done(self, script: str, *arguments: Any) -> Any:
        """The same for a script that waits for an event: it calls its last argument when done."""
        return self._driver.execute_async_script(script, *arguments)

    # --- what was seen ---------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The words of the page that can be seen."""
        return str(self._driver.find_element("css selector", "body").text)

    @property
    def requests(self) -> list[str]:
        """The addresses of everything that was asked for, in order, the pages included."""
        self._look()
        return [*self._requests]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings on the console, a violated Content-Security-Policy among them."""
        self._look()
        return [*self._complaints]

    def forget(self) -> None:
        """What was seen until now."""
        self._look()
        self._requests.clear()
        self._complaints.clear()

    def overflow(self) -> int:
        """By how many pixels the page is wider than its room."""
        return int(self.run("return document.documentElement.scrollWidth")) - self._width

    def screenshot(self, file: Path) -> None:
        """The whole page, as PNG."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": self._width, "height": size["height"], "scale": 1}
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))

    # --- inside ----------------------------------------------------------------------------------

    def command(self, name: str, **arguments: Any) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self._driver.execute_cdp_cmd(name, arguments)

    def _look(self) -> None:
        for entry in self._driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._requests.append(message["params"]["request"]["url"])
        for entry in self._driver.get_log("browser"):
            self._complaints.append(f"{entry['level']}: {entry['message']}")


@contextmanager
def open_browser(*reaches: str) -> Iterator[Browser]:
    """Starts one with a profile of its own; it ends, and the profile goes, with the block.

    `reaches`: the addresses or names of the machines that its pages may come from.
    """
    with tempfile.TemporaryDirectory(prefix="tcplab-browser-", ignore_cleanup_errors=True) as home:
        driver = _start(Path(home), reaches)
        try:
            yield Browser(driver)
        finally:
            driver.quit()


def _start(home: Path, reaches: tuple[str, ...]) -> webdriver.Chrome:
    options = Options()
    options.binary_location = _find("chromium", "chromium-browser", "google-chrome")
    rules = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in reaches)])
    own = (f"--host-resolver-rules={rules}", f"--user-data-dir={home}/profile")
    for argument in (*_ARGUMENTS, *own):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    environment = {"HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin"}
    service = Service(_find("chromedriver"), env={**environment, "LC_ALL": "C.UTF-8"})
    return webdriver.Chrome(service=service, options=options)


def _find(*names: str) -> str:
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    raise FileNotFoundError(f"{names[0]} is missing: `./tcplab test` installs it")
