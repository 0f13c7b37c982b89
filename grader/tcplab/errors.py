"""How things go wrong. Which of these ends a case decides what the case's status is."""

from __future__ import annotations

from tcplab.difference import Difference


class InfrastructureError(Exception):
    """Grading cannot take place: one line that says what is wrong and what to do (exit code 2)."""


class UsageError(InfrastructureError):
    """The command line asks for something that does not exist."""


class CaseProblem(Exception):
    """Ends a case. The text is what a student reads."""

    status = "failed"


class CaseFailed(CaseProblem):
    """An expectation was not met.

    `subject` names the field or thing that differed; `expected` and `actual` are its two values,
    as words. `difference` is the same taken apart, where there is more to show.
    """

    def __init__(
        self,
        message: str,
        subject: str = "",
        expected: str = "",
        actual: str = "",
        difference: Difference | None = None,
    ):
        super().__init__(message)
        self.subject = subject
        self.expected = expected
        self.actual = actual
        self.difference = difference


class PreconditionFailed(CaseProblem):
    """The case never came to what it is about: something that it builds on does not work."""

    status = "not run"


class CannotAsk(CaseProblem):
    """The case asks for something that this device under test cannot be asked for: only devices
    that are foreign to the kit (tcplab.foreign) have limits of this kind."""

    status = "not run"


class NoComponents(CannotAsk):
    """It asks for a component by itself, which only the kit's contract knows: there is nothing on
    a wire to be judged."""


class DutProblem(CaseProblem):
    """The device under test did something that is no answer, right or wrong.

    `what` happened; `place` says during which request, in the words of the protocol; `report` is
    what the device has printed.
    """

    def __init__(self, what: str, place: str = "", report: str = ""):
        super().__init__(f"{what}, {place}" if place else what)
        self.what = what
        self.place = place
        self.report = report


class DutNonsense(DutProblem):
    """What came over the command channel, or onto the wire, is no answer to what was asked."""


class DutCrashed(DutProblem):
    """The process under test ended by itself."""

    status = "crashed"


class DutHung(DutProblem):
    """The process under test computed, or waited, without end."""

    status = "timeout"


class BuildError(CaseProblem):
    """The components do not make a program. One line: where, and the compiler's first complaint."""

    def __init__(self, message: str, report: str = ""):
        super().__init__(message)
        self.report = report
