"""What a program in the sandbox cannot do, tried by programs that do their best."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcplab import dut as dut_module
from tcplab.dut import Dut
from tcplab.errors import CaseProblem, DutCrashed, DutHung, DutNonsense
from tcplab.sandbox import Launcher

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
#include <sys/socket.h>
#include <unistd.h>
extern char **environ;
static int opens(const char *path, int flags) { return open(path, flags, 0600) >= 0; }
static int others(void)
{
    int found = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc)) != NULL;)
        if (atoi(e->d_name) > 1) found++;
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
        else if (opens("/dut", O_WRONLY)) broke = 4;
        else if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
            broke = 5;
        else if (fork() >= 0) broke = 6;
        else if (unshare(CLONE_NEWUSER) == 0) broke = 7;
        else if (others()) broke = 8;
        else if (variables()) broke = 9;
        else if (descriptors(fd)) broke = 100 + descriptors(fd);
        else if (kill(-1, SIGKILL) == 0) broke = 11;
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
    source, program = folder / "program.c", folder / "program"
    source.write_text(text, encoding="utf-8")
    subprocess.run(["cc", "-O1", str(source), "-o", str(program)], check=True)
    return program


@pytest.fixture(scope="module")
def misbehaving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("misbehave"), MISBEHAVE)


def started(program: Path) -> Dut:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    arguments = ["--command-fd", str(theirs.fileno())]
    process = Launcher("bwrap").start(program, arguments, [theirs.fileno()])
    theirs.close()
    return Dut(process, ours)


@pytest.fixture
def device(misbehaving: Path) -> Iterator[Dut]:
    one = started(misbehaving)
    yield one
    one.close()
    assert one.process.exit_status is not None


def test_nothing_can_be_reached_from_inside(tmp_path: Path) -> None:
    device = started(compiled(tmp_path, ESCAPE))
    try:
        assert device.request("try").number(0) == 0
        assert device.request("again").number(0) == 0
    finally:
        device.close()


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
