"""What a device on a stage cannot do, tried by devices that do their best."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcplab import dut as dut_module
from tcplab.build import stage_program
from tcplab.dut import Dut
from tcplab.errors import CaseProblem, DutCrashed, DutHung, DutNonsense
from tcplab.sandbox import Launcher
from tcplab.stage import Stage, StageLost

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")

# Answers each request with the number of the first thing that it managed to do, or "ok 0".
ESCAPE = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>
extern char **environ;
static int opens(const char *path, int flags) { return open(path, flags, 0600) >= 0; }
static int others(void)
{
    int found = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc)) != NULL;)
        if (atoi(e->d_name) > 1 && atoi(e->d_name) != getpid()) found++;
    closedir(proc);
    return found;
}
static int variables(void)
{
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "ASAN_", 5) && strncmp(*e, "UBSAN_", 6) && strncmp(*e, "PWD", 3)) return 1;
    return 0;
}
static int descriptors(int mine)
{
    for (int fd = 3; fd < 1000; fd++)
        if (fd != mine && fcntl(fd, F_GETFD) >= 0) return fd;
    return 0;
}
int main(int argc, char **argv)
{
    int fd = atoi(argv[2]);
    (void)argc;
    char request[1000];
    while (recv(fd, request, sizeof request, 0) > 0) {
        int broke = 0;
        if (opens("/etc/passwd", O_RDONLY)) broke = 1;
        else if (opens("/home", O_RDONLY) || opens("/root", O_RDONLY) || opens("/tmp", O_RDONLY))
            broke = 2;
        else if (opens("/new", O_CREAT | O_WRONLY) || opens("/proc/new", O_CREAT | O_WRONLY))
            broke = 3;
        else if (opens("/dut", O_WRONLY) || opens("/device.so", O_WRONLY)) broke = 4;
        else if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
            broke = 5;
        else if (fork() >= 0) broke = 6;
        else if (unshare(CLONE_NEWUSER) == 0) broke = 7;
        else if (others()) broke = 8;
        else if (variables()) broke = 9;
        else if (descriptors(fd)) broke = 100 + descriptors(fd);
        else if (kill(-1, SIGKILL) == 0) broke = 11;
        else if (opens("/proc/1/mem", O_RDWR) || opens("/proc/1/maps", O_RDONLY)) broke = 12;
        else if (ptrace(PTRACE_ATTACH, 1, 0, 0) == 0) broke = 13;
        kill(1, SIGKILL);
        kill(1, SIGSTOP);
        char reply[40];
        int length = snprintf(reply, sizeof reply, "ok %d", broke);
        send(fd, reply, (size_t)length, 0);
    }
    return 0;
}
"""

MISBEHAVE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int fd = atoi(argv[2]);
    (void)argc;
    char r[1000];
    for (;;) {
        memset(r, 0, sizeof r);
        if (recv(fd, r, sizeof r - 1, 0) <= 0) return 0;
        if (!strcmp(r, "quit")) { send(fd, "ok", 2, 0); return 0; }
        if (!strcmp(r, "exit")) exit(3);
        if (!strcmp(r, "abort")) abort();
        if (!strcmp(r, "loop")) for (volatile unsigned i = 0;; i++);
        if (!strcmp(r, "sleep")) for (;;) sleep(1);
        if (!strcmp(r, "close")) { close(fd); sleep(100); }
        if (!strcmp(r, "stdout")) for (int i = 0; i < 200000; i++) puts("a line of text, and more");
        if (!strcmp(r, "stderr"))
            for (int i = 0; i < 200000; i++) fputs("a line of text, and more\n", stderr);
        if (!strcmp(r, "flood")) for (;;) fputs("a line of text, and more, for ever\n", stderr);
        if (!strcmp(r, "twice")) send(fd, "ok 1", 4, 0);
        if (!strcmp(r, "binary")) { send(fd, "\xff\0\1", 3, 0); continue; }
        if (!strcmp(r, "memory"))
            for (;;) { char *p = malloc(1 << 20); if (p) memset(p, 1, 1 << 20); }
        send(fd, "ok 7", 4, 0);
    }
}
"""


def compiled(folder: Path, text: str) -> Path:
    source, library = folder / "device.c", folder / "device.so"
    source.write_text(text, encoding="utf-8")
    subprocess.run(["cc", "-O1", "-fPIC", "-shared", str(source), "-o", str(library)], check=True)
    return library


def on_stage(library: Path, *, leaks: bool = False) -> Stage:
    return Stage(Launcher("bwrap"), stage_program(True), library, leaks=leaks)


def started(stage: Stage) -> Dut:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = stage.appear([theirs.fileno()])
    theirs.close()
    return Dut(process, ours)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all tests: whatever a device has done, the next one is as good as new."""
    one = on_stage(compiled(tmp_path_factory.mktemp("misbehave"), MISBEHAVE))
    yield one
    assert not one.is_over
    one.close()


@pytest.fixture
def device(stage: Stage) -> Iterator[Dut]:
    one = started(stage)
    yield one
    one.close()
    assert one.process.exit_status is not None


@pytest.mark.parametrize("leaks", [False, True])
def test_nothing_can_be_reached_from_inside(tmp_path: Path, leaks: bool) -> None:
    """Also not by a device whose leaks are looked for, and which therefore may trace itself; it may
    also make processes, but none that outlives it."""
    text = ESCAPE.replace("fork() >= 0", "0") if leaks else ESCAPE
    stage = on_stage(compiled(tmp_path, text), leaks=leaks)
    try:
        for _ in range(2):
            device = started(stage)
            assert device.request("try").number(0) == 0
            assert device.request("again").number(0) == 0
            device.close()
        assert not stage.is_over
    finally:
        stage.close()


# It begins before main does, and leaves a process behind if it can.
EARLY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static int made, count;
__attribute__((constructor)) static void begin(void)
{
    made = fork() >= 0;
    count++;
}
int main(int argc, char **argv)
{
    int fd = atoi(argv[2]);
    char request[100], reply[100];
    (void)argc;
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, reply, (size_t)snprintf(reply, sizeof reply, "ok %d %d", made, count++), 0);
    return 0;
}
"""


def test_nothing_begins_early_or_stays_on(tmp_path: Path) -> None:
    """What a library does when it is loaded is confined, too, and done for each device anew."""
    stage = on_stage(compiled(tmp_path, EARLY))
    try:
        for _ in range(3):
            device = started(stage)
            assert device.request("look").words == ["0", "1"]
            assert device.request("look").words == ["0", "2"]
            device.close()
    finally:
        stage.close()


def test_a_library_that_cannot_be_loaded_is_a_crash(tmp_path: Path) -> None:
    stage = on_stage(compiled(tmp_path, "void nobody(void);\nvoid use(void) { nobody(); }\n"))
    try:
        device = started(stage)
        with pytest.raises(DutCrashed, match="status 2") as crash:
            device.request("hello")
        assert "nobody" in crash.value.report
        device.close()
    finally:
        stage.close()


def test_a_stage_that_has_ended_is_lost(tmp_path: Path) -> None:
    stage = on_stage(compiled(tmp_path, MISBEHAVE))
    device = started(stage)
    stage.close()
    assert device.process.exit_status == -signal.SIGKILL
    device.close()
    with pytest.raises(StageLost):
        stage.appear([0])


def test_a_device_that_behaves(device: Dut) -> None:
    assert device.request("hello").number(0) == 7
    device.quit()


@pytest.mark.parametrize(("how", "words"), [("exit", "status 3"), ("abort", ""), ("close", "")])
def test_an_end_is_a_crash(device: Dut, how: str, words: str) -> None:
    with pytest.raises(DutCrashed, match=words):
        device.request(how)


def test_an_endless_loop_is_stopped(device: Dut) -> None:
    device.cpu_limit_s = 0.3
    with pytest.raises(DutHung, match="computed"):
        device.request("loop")


def test_sleep_is_stopped(device: Dut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dut_module, "SLEEP_LIMIT_S", 0.3)
    with pytest.raises(DutHung, match="sleeps"):
        device.request("sleep")


def test_much_output_does_no_harm(device: Dut) -> None:
    assert device.request("stdout").number(0) == 7
    assert device.request("stderr").number(0) == 7
    assert len(device.process.printed()) < 70_000


def test_a_flood_is_stopped(device: Dut) -> None:
    with pytest.raises(DutNonsense, match="flood"):
        device.request("flood")


def test_a_hunger_for_memory_is_stopped(device: Dut) -> None:
    with pytest.raises(DutCrashed, match="memory"):
        device.request("memory")


def test_nonsense_is_seen(device: Dut) -> None:
    with pytest.raises(DutNonsense, match="no text"):
        device.request("binary")


def test_an_answer_too_many_is_seen(device: Dut) -> None:
    device.request("twice")
    with pytest.raises(CaseProblem):
        for _ in range(3):  # the second answer may come a moment later
            device.request("hello")
            assert device.process.wait(20) is False
