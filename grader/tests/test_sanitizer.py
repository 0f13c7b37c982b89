"""Reports of the sanitizers, real ones, in words that a beginner understands."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tcplab.report.terminal import explain
from tcplab.result import CaseResult, Outcome
from tcplab.sandbox import _ASAN_OPTIONS, _UBSAN_OPTIONS
from tcplab.sanitizer import explain_report, tidy_report
from tcplab.signature import signature_of

STUDENTS = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct flags { bool syn; };
static char global_table[10];
static char *kept;

__attribute__((noinline)) static void put(char *p, uint64_t value) { memcpy(p, &value, 8); }
__attribute__((noinline)) static char get(const char *p, int at) { return p[at]; }
__attribute__((noinline)) static void leak(void) { void *volatile lost = malloc(3); (void)lost; }

size_t byte_stream_peek(int at, const char **data) { *data = NULL; return (size_t)at; }

void keep(char *lent) { kept = lent; }

int copies_what_it_sees(int n)
{
    const char *data;
    char copy[4];
    byte_stream_peek(n, &data);
    memcpy(copy, data, (size_t)n + 4);
    return copy[0];
}

int do_wrong(int what, int n)
{
    char buffer[20];
    int numbers[4] = {n};
    char *memory = malloc(20);
    memset(memory, 0x85, 20);
    memset(buffer, n, 20);
    switch (what) {
    case 0: put(buffer + 15, 1); return buffer[n];
    case 1: put(memory + 15, 1); return memory[n];
    case 2: return get(buffer, 20);
    case 3: return get(buffer, -1);
    case 4: return get(memory, 20);
    case 5: return get(memory, -1);
    case 6: free(memory); return get(memory, 2);
    case 7: { char *p; { char inner[16]; memset(inner, n, 16); p = inner; } return get(p, 3); }
    case 8: return get(global_table, 10);
    case 9: return ((struct flags *)memory)->syn;
    case 10: return numbers[n + 9];
    case 11: return *(int *)(memory + 1 + n);
    case 12: memset(memory, 0, (size_t)(n - 5)); return 0;
    case 13: free(memory + 4); return 0;
    case 14: return copies_what_it_sees(n);
    case 15: return *(*(char **)memory);
    case 16: memcpy(memory, memory + 4, (size_t)n + 8); return memory[0];
    case 17: put(kept + 28, 1); return 0;
    case 18: return get(kept, 33);
    case 19: leak(); free(memory); return 0;
    default: free(memory); return 0;
    }
}

char *tcp_sender_next(int n) { return (char *)malloc(8) + n; }
"""
DRIVER = r"""
#include <stdlib.h>
int do_wrong(int what, int n);
char *tcp_sender_next(int n);
void keep(char *lent);

__attribute__((noinline)) static int lend(int what, int n)
{
    char lent[32] = {0};
    keep(lent);
    return do_wrong(what, n) + lent[n];
}

__attribute__((noinline)) static int next(int n) { return *tcp_sender_next(n); }

int main(int count, char **words)
{
    int what = atoi(words[1]);
    int last = what == 20 ? next(8 + count - 2) : lend(what, count - 2);
    return last == 77;
}
"""
WORDS = {
    0: "it wrote past the end of the local variable 'buffer' (do_wrong, line 30)",
    1: "it wrote past the end of allocated memory",
    2: "it read past the end of the local variable 'buffer' (do_wrong, line 30)",
    3: "it read before the beginning of the local variable 'buffer' (do_wrong, line 30)",
    4: "it read past the end of allocated memory (heap-buffer-overflow)",
    5: "it read before the beginning of allocated memory (heap-buffer-overflow)",
    6: "it read memory after it was freed (heap-use-after-free)",
    7: "it read the local variable 'inner' (do_wrong, line 43) after its block had ended",
    8: "it read outside of the global global_table",
    9: "it read a value that was never set: 133, which is no bool",
    10: "it used the index 9, beyond the end of an array (int [4])",
    11: "it used a misaligned address: a number is made of bytes one by one, or with memcpy",
    12: "it gave a memory function a negative size: a subtraction below 0?",
    13: "it freed what malloc has not given",
    14: "it gave a null pointer to a function that takes none",
    15: "it used a",  # misaligned address, or one that leads nowhere
    16: "it copied between overlapping places with memcpy, not memmove",
    17: "it wrote memory of a function of the kit, lend: is there room for so much, or is a pointer"
    " kept that was only lent?",
    18: "it read memory of a function of the kit, lend: is a pointer kept that was only lent?",
    19: "it did not free all memory",
    20: "the tests read at the pointer that tcp_sender_next handed out: past the end of allocated"
    " memory (heap-buffer-overflow)",
}
NOT_THE_STUDENTS = {20}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Does what is wrong by its number. Its driver lies where the kit's does."""
    folder = tmp_path_factory.mktemp("wrong")
    given = folder / "labs" / "given" / "dut"
    given.mkdir(parents=True)
    (folder / "sender.c").write_text(STUDENTS)
    (given / "commands_sender.c").write_text(DRIVER)
    compiler = shutil.which("gcc") or shutil.which("clang") or "cc"
    flags = "-w -std=c11 -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all"
    subprocess.run(
        [compiler, *flags.split(), "-fsanitize=address,undefined", f"-ffile-prefix-map={folder}/="]
        + ["sender.c", "labs/given/dut/commands_sender.c", "-o", "wrong"],
        cwd=folder,
        check=True,
    )
    return folder / "wrong"


@pytest.fixture(autouse=True)
def beside_the_files(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are shown as seen from here."""
    monkeypatch.chdir(program.parent)


def report_of(program: Path, what: int) -> str:
    options = {"ASAN_OPTIONS": _ASAN_OPTIONS.format(leaks=1), "UBSAN_OPTIONS": _UBSAN_OPTIONS}
    done = subprocess.run([program, str(what)], capture_output=True, text=True, env=options)
    assert done.returncode == 99, done.stderr
    return done.stderr


@pytest.mark.parametrize("what", WORDS)
def test_what_happened_in_words(what: int, program: Path) -> None:
    finding = explain_report(report_of(program, what))
    assert finding.summary.startswith(WORDS[what])
    assert "unknown-crash" not in finding.summary
    assert finding.where.startswith("sender.c:") == (what not in NOT_THE_STUDENTS)


def test_every_sentence_is_no_longer_than_three_lines(program: Path) -> None:
    assert all(len(explain_report(report_of(program, what)).summary) < 180 for what in WORDS)


def screen_of(program: Path, what: int, identity: str = "sender.some-case", **kept: str) -> str:
    """What a student sees."""
    report = report_of(program, what)
    finding = explain_report(report)
    where = f" at {finding.where}" if finding.where else ""
    message = f"{finding.summary}{where}, in step 1 (next)"
    outcome = Outcome("crashed", message, steps=("  1  next",), report=tidy_report(report))
    rule = "A rule that says what is right."
    case = CaseResult(identity, rule, ("9293 3.4",), "A hint.", Fraction(1), "again", outcome)
    case = replace(case, folder=program.parent, **kept)
    return " ".join("\n".join(line.plain for line in explain(case, 40)).split())


def test_a_pointer_that_was_handed_out_is_not_looked_for_where_it_was_allocated(
    program: Path,
) -> None:
    shown = screen_of(program, 20)
    assert "look in sender.c A rule" in shown and "sender.c:" not in shown.partition("A rule")[0]
    assert "✗ crashed, in step 1: the tests read at the pointer that tcp_sender_next" in shown


def test_a_leak_has_the_place_of_the_allocation_and_not_of_the_mistake(program: Path) -> None:
    shown = screen_of(program, 19)
    assert "look in sender.c (allocated at line 13)" in shown
    assert "memory was lost, allocated in leak, in step 1: it did not free" in shown
    assert "allocated in leak, sender.c:13 ← do_wrong" in shown


def test_where_the_null_pointer_may_come_from(program: Path) -> None:
    shown = screen_of(program, 14)
    assert "takes none; byte_stream_peek gives one where there is no byte: is its length" in shown


def test_the_kits_own_files_are_no_place_to_look(program: Path) -> None:
    """In solo mode sender.c is the reference's, in a case about the receiver."""
    shown = screen_of(program, 4, "receiver.some-case", mode="solo")
    assert "look in receiver.c A rule" in shown
    assert "✗ crashed in the kit's get, with what your code gave it, in step 1: it read" in shown
    assert "look in sender.c:" in screen_of(program, 4, "receiver.some-case")


def test_which_end_it_was_does_not_tell_failures_apart(program: Path) -> None:
    looks = {
        signature_of(Outcome("crashed", explain_report(report_of(program, what)).summary))
        for what in (4, 5, 20)
    }
    assert len(looks) == 1
