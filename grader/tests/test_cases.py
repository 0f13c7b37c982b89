"""The cases as a whole: named well, described well, and none of them passes on nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from types import ModuleType
from typing import Any

import pytest

import tcplab.cases
import tcplab.cases.seqno
from tcplab.case import Case, case, cases_of, discover, modules_in_order
from tcplab.kit import Kit
from tcplab.lab import Lab

CASES = discover(Kit.find().checkpoints())


def test_every_checkpoint_has_cases() -> None:
    assert set(Counter(one.checkpoint for one in CASES)) == {0, 1, 2, 3, 4, 5}


def test_ids_are_unique() -> None:
    assert max(Counter(one.id for one in CASES).values()) == 1


@pytest.mark.parametrize("one", CASES, ids=[one.id for one in CASES])
def test_texts_are_for_people(one: Case) -> None:
    for text in (one.rule, one.hint):
        assert len(text) < 250 and "\n" not in text and text == text.strip()
    assert one.hint


def test_what_a_module_builds_on_comes_before() -> None:
    place = {one.id: at for at, one in enumerate(CASES)}
    for module in modules_in_order(tcplab.cases):
        named: tuple[str, ...] = getattr(module, "BUILDS_ON", ())
        own = [one for one in CASES if one.id in {case.id for case in cases_of(module)}]
        built = {need for one in own for need in one.builds_on}
        assert built == set(named), module.__name__
        assert all(place[need] < place[one.id] for one in own for need in one.builds_on)


def test_each_module_has_one_place_in_the_order() -> None:
    for folder in (tcplab.cases, *packages_below(tcplab.cases)):
        with_cases = [info.name for info in pkgutil.iter_modules(folder.__path__)]
        helpers = set(with_cases) - set(folder.ORDER)
        assert len(set(folder.ORDER)) == len(folder.ORDER) and set(folder.ORDER) <= set(with_cases)
        assert helpers <= {"bench", "states"}, folder.__name__


def packages_below(package: Any) -> list[Any]:
    names = [info.name for info in pkgutil.iter_modules(package.__path__) if info.ispkg]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def test_a_module_with_cases_needs_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = tuple(name for name in tcplab.cases.seqno.ORDER if name != "cost")
    monkeypatch.setattr(tcplab.cases.seqno, "ORDER", rest)
    with pytest.raises(ValueError, match="seqno.cost"):
        discover(Kit.find().checkpoints())


def test_cases_without_memory_come_last() -> None:
    for number in range(1, 6):
        assert [one.id for one in CASES if one.checkpoint == number][-1].endswith(".no-memory")


def defined(**options: Any) -> list[Case]:
    options.setdefault("rule", "A rule.")
    described = case(options.pop("id", "seqno.a"), checkpoint=0, rfc=["9293 3.4"], **options)
    module = ModuleType("cases")
    setattr(module, "function", described(lambda lab, **row: lab.append(row)))
    return list(cases_of(module))


def test_one_function_can_be_many_cases() -> None:
    rows = [{"state": "closing"}, {"state": "last-ack"}]
    found = defined(id="seqno.in-{state}", rule="In {state}.", each=rows)
    assert [one.id for one in found] == ["seqno.in-closing", "seqno.in-last-ack"]
    assert found[1].rule == "In last-ack."
    seen: list[Any] = []
    found[1].run(seen)  # type: ignore[arg-type]
    assert seen == [{"state": "last-ack"}]


def test_braces_are_only_special_where_there_are_rows() -> None:
    assert defined(rule="Sets {a, b}.")[0].rule == "Sets {a, b}."


def test_random_data_comes_from_seed_and_case() -> None:
    def lab(identity: str, seed: int) -> Lab:
        return Lab(identity, seed, lambda: pytest.fail("no device is needed"))

    assert lab("a.b", 1).bytes(9) == lab("a.b", 1).bytes(9)
    assert lab("a.b", 1).bytes(9) != lab("a.b", 2).bytes(9) != lab("a.c", 2).bytes(9)
