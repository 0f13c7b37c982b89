#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_SIZE = 256 };

static const char *media_type(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".htm", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".json", "application/json"},
        {".xml", "application/xml"},
        {".pdf", "application/pdf"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".ico", "image/x-icon"},
        {".wasm", "application/wasm"},
        {".woff2", "font/woff2"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(dot, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static int status_of_errno(void)
{
    switch (errno) {
    case EACCES:
    case EPERM:
    case ELOOP: /* a symbolic link */
        return 403;
    default:
        return 404;
    }
}

/* Takes the next name off the path, and the slashes around it. 200, or why that cannot be. */
static int next_name(const char **path, char name[NAME_SIZE])
{
    const char *begin = *path + strspn(*path, "/");
    size_t length = strcspn(begin, "/");

    if (length >= NAME_SIZE) {
        return 404;
    }
    memcpy(name, begin, length);
    name[length] = '\0';
    *path = begin + length;
    return strcmp(name, "..") == 0 ? 403 : 200;
}

/* Goes from the folder `fd` (which is closed) to what is called `name` in it. -1 with errno. */
static int step_into(int fd, const char *name)
{
    /* O_NONBLOCK: opening a named pipe must not wait for its other end. */
    int next = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int reason = errno;

    close(fd);
    errno = reason;
    return next;
}

/* Looks at what was found. For a folder, goes on to its index. */
static int accept_file(int fd, const char *name, bool ends_in_slash, struct served_file *file)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (!ends_in_slash) {
            close(fd);
            return 301;
        }
        name = "index.html";
        fd = step_into(fd, name);
        if (fd < 0) {
            return status_of_errno();
        }
    } else if (ends_in_slash) {
        close(fd);
        return 404;
    }
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return 403;
    }
    *file =
        (struct served_file){.fd = fd, .size = (uint64_t)status.st_size, .type = media_type(name)};
    return 200;
}

int open_served_file(int root_fd, const char *path, struct served_file *file)
{
    char name[NAME_SIZE] = "";
    int status = 200;

    if (path[0] != '/') {
        return 400;
    }
    int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
    bool ends_in_slash = path[strlen(path) - 1] == '/';
    while (fd >= 0 && path[strspn(path, "/")] != '\0') {
        status = next_name(&path, name);
        if (status != 200) {
            close(fd);
            return status;
        }
        fd = step_into(fd, name);
    }
    return fd < 0 ? status_of_errno() : accept_file(fd, name, ends_in_slash, file);
}
