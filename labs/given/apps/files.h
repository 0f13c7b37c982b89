/* The files of one folder, as a web server sees them: nothing outside of it can be reached. */
#pragma once

#include <stdint.h>

/* A file that is open for reading. */
struct served_file {
    int fd;           /* the caller closes it */
    uint64_t size;    /* bytes */
    const char *type; /* its media type, from the ending of its name */
};

/*
 * Opens the file at `path` below the open folder `root_fd`. The path begins with a slash and is
 * decoded. A folder stands for the index.html in it. Symbolic links are not followed, and ".." is
 * not allowed, so that every path leads to something below the root.
 *
 * Returns the HTTP status: 200, and `*file` is filled in; 301, for a folder whose path does not end
 * in a slash; 400, 403 or 404.
 */
int open_served_file(int root_fd, const char *path, struct served_file *file);
