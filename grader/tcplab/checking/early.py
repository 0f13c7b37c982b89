"""The part of a check that needs little of the grader: it is begun while the rest is still loaded.

Loading scapy and the cases takes one processor a quarter of a second. Meanwhile another one
compiles, links, and runs the unit tests.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType

from tcplab.target import Target
from tcplab.checking.units import CmockaMissing, UnitBuilder, UnitResult, UnitRun, not_run
from tcplab.construct import Construction, builder_for
from tcplab.errors import BuildError
from tcplab.kit import Kit, files_called_by
from tcplab.plan import Plan
from tcplab.sandbox import choose_launcher
from tcplab.stubs import IS_TO_BE_WRITTEN, unwritten
from tcplab.work.remembering import Remembering

NO_CMOCKA = "cmocka is missing (Debian: apt-get install libcmocka-dev)"


_NOTHING_TO_BUILD_S = 0.1  # is enough to see that


class Early:
    """Builds the one checkpoint of a plan, in a thread that has ended when `construction` returns,
    and starts its unit tests. Raises UsageError if there is no such target."""

    def __init__(self, plan: Plan):
        [number] = plan.checkpoints
        self.checkpoint = Kit.find().checkpoints()[number]
        self.folder = Target.find(Kit.find(), plan.target).folder
        self.remembering = Remembering(plan)
        self.warnings: list[str] = []
        self._started = time.monotonic()
        self._plan = plan
        self._builder = builder_for(plan)
        self._construction: Construction | None = None
        self._error: Exception | None = None
        self._units: UnitRun | None = None
        self._program: Path | None = None  # the unit tests, if they are compiled already
        self._missing = self._still_to_write()
        self._stopped = False
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        self._thread.join(_NOTHING_TO_BUILD_S)
        if not self._thread.is_alive():
            self._start_units()

    def __enter__(self) -> Early:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leaves nothing behind."""
        if error is not None:
            self.stop()
        self._thread.join()
        if self._units is not None:
            self._units.kill()

    def construction(self) -> Construction:
        """Waits for it. Raises InfrastructureError."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._construction is not None
        self._start_units()
        return self._construction

    def _start_units(self) -> None:
        """If they are compiled already. Not in the thread: the sandbox ends with the thread that
        has made it."""
        if self._program is None or self._construction is None or self._units is not None:
            return
        library = self._construction.built[self.checkpoint.number]
        can_run = self._construction.launcher.mode == "bwrap" and not self._missing
        if isinstance(library, Path) and can_run:
            self._units = UnitRun(self._construction.launcher, self._program, library)

    def unit_tests(self) -> UnitResult:
        """Waits for what comes of the unit tests, after `construction`; compiles them first if need
        be. Raises InfrastructureError."""
        made = self._construction
        assert made is not None
        library = made.built[self.checkpoint.number]
        assert isinstance(library, Path)
        if made.launcher.mode != "bwrap":
            return not_run("they run in the sandbox only")
        if self._missing:
            return not_run(f"{self._missing} {IS_TO_BE_WRITTEN}")
        if self._units is None:
            try:
                program = UnitBuilder(Kit.find()).program(self.checkpoint)
            except CmockaMissing:
                return not_run(NO_CMOCKA)
            self._units = UnitRun(made.launcher, program, library)
        if self._stopped:
            self._units.stop()
        return self._units.finish()

    def stop(self) -> None:
        """From another thread, too: all of it comes to its end soon."""
        self._stopped = True
        self._builder.stop()
        if self._units is not None:
            self._units.stop()

    def _still_to_write(self) -> str:
        """A file of another checkpoint that the unit tests would use, and that is not there yet;
        empty if there is none."""
        if self._plan.mode != "stack":
            return ""
        missing = unwritten(self.folder)
        called = files_called_by(self.checkpoint.files)
        return next((one for one in called if one in missing), "")

    def _work(self) -> None:
        try:
            self._build()
        except Exception as error:
            self._error = error

    def _build(self) -> None:
        plan, checkpoint = self._plan, self.checkpoint
        launcher = choose_launcher(plan.sandbox)
        built = self._builder.build_all([checkpoint], plan.mode)
        self._construction = Construction(launcher, self._builder, built, self._started)
        library = built[checkpoint.number]
        if isinstance(library, BuildError):
            return
        self.warnings = self._builder.warnings(checkpoint, plan.mode)
        if plan.case == "*":
            self._program = UnitBuilder(Kit.find()).finished_program(checkpoint)
