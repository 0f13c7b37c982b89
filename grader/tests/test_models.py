"""The models of the components: right by themselves, seen to fail, and always in the same way."""

from __future__ import annotations

import copy
import importlib
from pathlib import Path

import pytest

from tcplab import mutants as m
from tcplab.build import reference_program
from tcplab.case import Case, discover
from tcplab.dut import Dut
from tcplab.errors import CaseFailed
from tcplab.kit import Kit
from tcplab.lab import Lab
from tcplab.models import seqno
from tcplab.models.byte_stream import StreamModel
from tcplab.models.operations import Operation, Plan
from tcplab.models.reassembler import Pieces, ReassemblerModel
from tcplab.models.search import Conversation, Step, search
from tcplab.models.sender_model import Segment, SenderModel, SenderSettings
from tcplab.result import Outcome
from tcplab.sandbox import Launcher, choose_launcher
from tcplab.worker import Worker

KIT = Kit.find()
CASES = {one.id: one for one in discover(KIT.checkpoints())}
MUTANTS = {one.name: one for one in m.load(KIT.root / "grader" / "mutants")}


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    return choose_launcher("auto")


# --- the models ----------------------------------------------------------------------------------


def test_unwrap_of_the_model_is_the_nearest() -> None:
    """Against a definition that is nothing but a search."""
    for checkpoint in (0, 5, 2**31, 2**32 + 7, 3 * 2**32 - 1, 2**64 - 1):
        for raw in (0, 1, 2**31, 2**31 + 5, 2**32 - 1):
            turns = range(max(0, checkpoint // 2**32 - 2), checkpoint // 2**32 + 3)
            all_of_them = [turn * 2**32 + (raw - 9) % 2**32 for turn in turns]
            possible = [one for one in all_of_them if one < 2**64]
            nearest = min(possible, key=lambda one: (abs(one - checkpoint), one))
            assert seqno.unwrap(raw, 9, checkpoint) == nearest


def test_the_reassembler_of_the_model_takes_what_fits() -> None:
    model = ReassemblerModel(4)
    model.insert(2, b"cdef", last=True)  # the end was cut off
    assert (len(model.held), model.end) == (2, None)
    model.insert(0, b"ab", last=False)
    assert model.stream.buffered == b"abcd" and not model.held
    model.pop(3)
    model.insert(4, b"ef", last=True)
    assert model.stream.buffered == b"def" and model.stream.closed


def test_pieces_come_in_all_relations() -> None:
    """The 13 relations of two intervals, to a piece that has come before."""
    relations = set()
    for both in range(64 * 64):
        pieces = Pieces(ReassemblerModel(32))
        ((first, data, _),) = pieces.of(Operation("ahead", 8, 8))
        ((other, more, _),) = pieces.of(Operation("beside", both % 64, both // 64))
        after, beyond = first + len(data), other + len(more)
        if other < beyond:
            signs = [(a > b) - (a < b) for a in (other, beyond) for b in (first, after)]
            relations.add(tuple(signs))
    assert len(relations) == 13


def sender_at_work() -> SenderModel:
    """100 bytes, in flight since 0 ms; the RTO is 200 ms, the window 150."""
    model = SenderModel(SenderSettings(mss=100))
    model.take(Segment(0, b"", True, False, False))
    model.receive(1, 150, 1)
    model.account_of_receive(200, 0, 0)
    model.write(b"x" * 100)
    model.take(Segment(1, b"x" * 100, False, False, True))
    model.fall_silent()
    return model


def refusal(model: SenderModel, segment: Segment) -> str:
    with pytest.raises(CaseFailed) as refused:
        model.take(segment)
    return str(refused.value)


def test_the_sender_of_the_model_knows_what_is_not_allowed() -> None:
    again = Segment(1, b"x" * 100, False, False, True)
    assert "no retransmission is due" in refusal(sender_at_work(), again)
    model = sender_at_work()
    model.write(b"y" * 100)
    new = Segment(101, b"y" * 100, False, False, True)
    assert "the window allows no more" in refusal(model, new)
    assert "the numbers from 101 on" in refusal(model, new._replace(seq=102))
    model.receive(101, 1000, 1)
    assert "no FIN before" in refusal(model, new._replace(fin=True))
    assert "PSH on the last byte" in refusal(model, new._replace(psh=False))


def test_the_sender_of_the_model_knows_what_is_owed() -> None:
    model = sender_at_work()
    model.tick(199)
    model.account_of_tick(200, 0, 199)
    model.fall_silent()
    model.tick(1)
    with pytest.raises(CaseFailed, match="consecutive_retransmissions is 0, expected 1"):
        copy.copy(model).account_of_tick(200, 0, 1)
    with pytest.raises(CaseFailed, match="rto is 200, expected 400"):
        copy.copy(model).account_of_tick(200, 1, 1)
    model.account_of_tick(400, 1, 1)
    with pytest.raises(CaseFailed, match="expected a retransmission from 1 on"):
        model.fall_silent()
    model.take(Segment(1, b"x" * 100, False, False, True))
    model.fall_silent()


# --- the search ----------------------------------------------------------------------------------


def outcome_of(launcher: Launcher, name: str, folder: Path, seed: int = 1) -> Outcome:
    """What comes of the model's case on a mutant."""
    mutant = MUTANTS[name]
    case = CASES[f"{name.split('.')[0]}.model"]
    target = m.apply(mutant, KIT.reference, folder)
    return m.try_cases(KIT, target, [case], mode="solo", launcher=launcher, seed=seed)[case.id]


FEWEST = [
    ("seqno.unwrap-tie-goes-up", 1),
    ("byte_stream.finished-when-closed", 4),
    ("reassembler.drops-what-is-early", 3),
    ("reassembler.end-at-the-edge-is-out", 4),
    ("receiver.right-edge-is-inside", 4),
    ("receiver.psh-is-an-enemy", 5),
    ("sender.window-not-obeyed", 6),
]


@pytest.mark.parametrize("name,most", FEWEST, ids=[name for name, _ in FEWEST])
def test_a_student_sees_few_steps(name: str, most: int, launcher: Launcher, tmp_path: Path) -> None:
    outcome = outcome_of(launcher, name, tmp_path)
    assert outcome.status == "failed" and outcome.expected
    steps = [line for line in outcome.steps if line.startswith("  ") and line[2].isdigit()]
    assert 1 <= len(steps) <= most, "\n".join(outcome.steps)
    assert "these are the fewest steps found that fail" in outcome.message


@pytest.mark.parametrize("name", ["reassembler.counts-overlaps-twice", "sender.syn-not-counted"])
def test_the_same_seed_finds_the_same(name: str, launcher: Launcher, tmp_path: Path) -> None:
    found = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        outcome = outcome_of(launcher, name, tmp_path / str(number), seed=5)
        found.append((outcome.status, outcome.message, outcome.steps))
    assert found[0] == found[1] and found[0][0] != "passed"


def test_a_crash_is_made_smaller_too(launcher: Launcher, tmp_path: Path) -> None:
    outcome = outcome_of(launcher, "byte_stream.capacity-of-zero-divides-by-zero", tmp_path)
    assert outcome.status == "crashed"
    assert "New stream" in outcome.steps[0] and "write" in outcome.steps[1]
    assert "in step 2" in outcome.message and outcome.report


def test_a_hang_is_reported_as_it_is(launcher: Launcher, tmp_path: Path) -> None:
    outcome = outcome_of(launcher, "seqno.unwrap-loops", tmp_path)
    assert outcome.status == "timeout"
    assert any("unwrap(" in line for line in outcome.steps)


def run_alone(launcher: Launcher, case: Case) -> Outcome:
    outcomes: dict[str, Outcome] = {}
    program = reference_program(launcher.mode == "bwrap")
    Worker([(case, program)], launcher, "socketpair", 1, None).run(outcomes.__setitem__)
    return outcomes[case.id]


def one_off(run: object) -> Case:
    assert callable(run)
    return Case("byte_stream.one-off", 1, "A rule.", ("9293 2.2",), "?", (), 1, run)


def test_what_agrees_leaves_one_line(launcher: Launcher) -> None:
    seen: list[str] = []

    def run(lab: Lab) -> None:
        CASES["byte_stream.model"].run(lab)
        seen.extend(lab.transcript.lines())

    assert run_alone(launcher, one_off(run)).status == "passed"
    assert len(seen) == 1 and "the model agrees with all of them" in seen[0]


def test_a_wrong_model_is_noticed(launcher: Launcher) -> None:
    """Who finds nothing wrong with the reference may look at nothing: here the model is wrong, in
    sequences of three writes and more."""
    model = importlib.import_module("tcplab.models.byte_stream")

    def converse(plan: Plan) -> Conversation:
        for steps in model.converse(plan):
            writes = 0
            for step in steps:
                writes += step.request.startswith("stream.write")
                wrong = Step(step.request, step.words, lambda reply: expect_nothing())
                yield [wrong if writes == 3 else step]

    def expect_nothing() -> None:
        raise CaseFailed("the model is wrong")

    def run(lab: Lab) -> None:
        search(lab, model.strategy(), converse, free=model.FREE, tries=60)

    outcome = run_alone(launcher, one_off(run))
    assert outcome.status == "failed" and outcome.message.startswith("the model is wrong")
    assert len([line for line in outcome.steps if "write" in line]) == 3
    assert len([line for line in outcome.steps if line[:3].strip().isdigit()]) == 4


# --- requests in batches -------------------------------------------------------------------------


def test_a_batch_is_answered_part_by_part(launcher: Launcher) -> None:
    replies: list[str] = []

    def run(lab: Lab) -> None:
        texts = ["stream.new 1 4", "stream.write 1 616263", "nonsense", "sync", "stream.read 1 9"]
        device = lab.dut
        assert isinstance(device, Dut)
        replies.extend(device.batch([*texts, "batch stream.new 2 1"]))

    assert run_alone(launcher, one_off(run)).status == "passed"
    assert replies[:2] == ["ok", "ok 3"] and replies[4] == "ok 616263"
    assert [reply.split()[0] for reply in replies[2:6]] == ["error", "error", "ok", "error"]


def test_streams_of_the_model_end() -> None:
    model = StreamModel(3)
    assert model.write(b"abcd") == 3
    model.closed = True
    assert model.write(b"e") == 0 and model.pop(9) == b"abc"
    assert model.state()["finished"] is True
