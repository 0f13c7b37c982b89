/*
 * The stage: a program of the grader's on which one device under test after another appears.
 *
 *   grader ── control ── stage ──┬── device, for one case
 *                                └── device, for the next …
 *
 * To start a program with sanitizers in a sandbox of its own takes some 9 ms, more than most cases;
 * to fork takes one. So the sandbox is made once. For each case this program forks; the child loads
 * the device, a shared library, and becomes it. Nothing of a submission is loaded here itself, and
 * nothing of one child is left when the next one begins. The exception is "early", for people who
 * check what they wrote themselves: their device is loaded here, once, and each child has its copy.
 *
 * On the control socket (SOCK_SEQPACKET) the grader sends "go", with two or three descriptors: the
 * command channel, where to print, and the wire. The child answers "born", from which the grader
 * learns its process id (SCM_CREDENTIALS); when it has ended, we say "ended STATUS", as from wait.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FDS_MAX = 3,
    FILTER_MAX = 256, /* instructions */
    WORD_MAX = 16,
};

enum { COMMAND, PRINTS, WIRE }; /* in the order in which they are sent */

struct stage {
    int control;
    const char *library;
    bool early; /* load it before the first child */
    struct sock_filter filter[FILTER_MAX];
    size_t filter_len; /* instructions; 0: no filter */
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- the child: becomes a device -------------------------------------------------------------- */

static void say(const struct stage *stage, const char *word)
{
    if (send(stage->control, word, strlen(word), MSG_NOSIGNAL) < 0) {
        exit(0); /* the grader is gone */
    }
}

/* From here on the system calls that a device does not need are refused. See seccomp.py. */
static void confine(const struct stage *stage)
{
    struct sock_fprog program = {
        .len = (unsigned short)stage->filter_len,
        .filter = (struct sock_filter *)stage->filter,
    };

    if (stage->filter_len == 0) {
        return;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        give_up("the system call filter");
    }
}

static int run_device(const char *library, const int *fds, size_t count)
{
    char command[WORD_MAX], wire[WORD_MAX];
    char *words[] = {"dut", "--command-fd", command, "--wire-fd", wire, NULL};
    int word_count = count > WIRE ? 5 : 3;
    int (*device_main)(int, char **);

    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void *entry = handle == NULL ? NULL : dlsym(handle, "main");
    if (entry == NULL) {
        fprintf(stderr, "dut: %s\n", dlerror());
        return 2;
    }
    memcpy(&device_main, &entry, sizeof device_main);
    snprintf(command, sizeof command, "%d", fds[COMMAND]);
    snprintf(wire, sizeof wire, "%d", count > WIRE ? fds[WIRE] : -1);
    words[word_count] = NULL;
    return device_main(word_count, words);
}

#pragma weak __lsan_do_leak_check /* there is none where this is built without sanitizers */

/* For those who check their own work, and wait: exit would take down, one by one, what the kernel
 * takes down at once. Only the search for leaks waits for the end, where a case asks for it. */
static _Noreturn void end_device(const struct stage *stage, int status)
{
    if (!stage->early) {
        exit(status); /* whatever waits for that shows itself now */
    }
    if (__lsan_do_leak_check != NULL) {
        __lsan_do_leak_check();
    }
    fflush(NULL);
    _exit(status);
}

static _Noreturn void become_device(const struct stage *stage, const int *fds, size_t count)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1); /* the leak detector looks into its own process */
    say(stage, "born");
    if (dup2(fds[PRINTS], STDOUT_FILENO) < 0 || dup2(fds[PRINTS], STDERR_FILENO) < 0) {
        exit(2);
    }
    close(fds[PRINTS]);
    close(stage->control);
    confine(stage);
    end_device(stage, run_device(stage->library, fds, count));
}

/* --- the parent: waits, and clears away ------------------------------------------------------- */

/* Waits for the child; then ends whatever it has left behind. Returns its status. */
static int outlive(pid_t child)
{
    int status = 0;
    pid_t ended;

    while ((ended = wait(&status)) != child) {
        if (ended < 0 && errno != EINTR) {
            give_up("wait");
        }
    }
    if (getpid() == 1) { /* all others in here are its descendants */
        kill(-1, SIGKILL);
        while (wait(NULL) > 0 || errno == EINTR) {
        }
    }
    return status;
}

static void perform(const struct stage *stage, const int *fds, size_t count)
{
    char word[2 * WORD_MAX];
    pid_t child = fork();

    if (child < 0) {
        give_up("fork");
    }
    if (child == 0) {
        become_device(stage, fds, count);
    }
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    snprintf(word, sizeof word, "ended %d", outlive(child));
    say(stage, word);
}

/* --- the control socket ----------------------------------------------------------------------- */

/* Takes what "go" brings; returns how many descriptors, 0 when the grader is gone. */
static size_t receive_descriptors(const struct stage *stage, int *fds)
{
    char word[WORD_MAX];
    struct iovec piece = {.iov_base = word, .iov_len = sizeof word};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.room,
        .msg_controllen = sizeof control.room,
    };
    ssize_t len;

    do {
        len = recvmsg(stage->control, &message, 0);
    } while (len < 0 && errno == EINTR);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (len <= 0 || header == NULL || header->cmsg_type != SCM_RIGHTS) {
        return 0;
    }
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    return count;
}

static void read_filter(struct stage *stage, int fd)
{
    ssize_t result = read(fd, stage->filter, sizeof stage->filter);
    size_t len = result > 0 ? (size_t)result : 0;

    if (len == 0 || len == sizeof stage->filter || len % sizeof stage->filter[0] != 0) {
        give_up("the filter does not fit");
    }
    stage->filter_len = len / sizeof stage->filter[0];
    close(fd);
}

int main(int argc, char **argv)
{
    static struct stage stage;
    int fds[FDS_MAX];
    size_t count;

    if (argc != 4 && argc != 5) {
        fprintf(stderr,
                "usage: stage CONTROL_FD LIBRARY early|late [FILTER_FD]\n"
                "Runs the device in LIBRARY once for each \"go\" on CONTROL_FD; loads it before\n"
                "the first of them, or anew for each. FILTER_FD has a system call filter, in\n"
                "the form that seccomp takes.\n");
        return 2;
    }
    stage.control = atoi(argv[1]);
    stage.library = argv[2];
    stage.early = strcmp(argv[3], "early") == 0;
    if (argc == 5) {
        read_filter(&stage, atoi(argv[4]));
    }
    fcntl(stage.control, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_DUMPABLE, 0); /* no child looks into us */
    if (stage.early) {
        (void)dlopen(stage.library, RTLD_NOW | RTLD_LOCAL); /* a child says what is wrong with it */
    }
    while ((count = receive_descriptors(&stage, fds)) > PRINTS) {
        perform(&stage, fds, count);
    }
    return 0;
}
