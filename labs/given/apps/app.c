#define _GNU_SOURCE
#include "app.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void app_begin(char **argv)
{
    char *slash = strrchr(argv[0], '/');

    if (slash != NULL) {
        argv[0] = slash + 1;
    }
    program_invocation_name = argv[0];
    signal(SIGPIPE, SIG_IGN);
}

/* One call of fprintf: lines of several threads do not mix. */
static void say(const char *format, va_list arguments)
{
    char line[512];

    vsnprintf(line, sizeof line, format, arguments);
    fprintf(stderr, "%s: %s\n", program_invocation_name, line);
}

void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

noreturn void fail(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    exit(status);
}

uint64_t parse_number(const char *text, uint64_t least, uint64_t most, const char *what)
{
    char *end;

    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < least ||
        number > most) {
        fail(EXIT_USAGE, "%s is to be a number from %llu to %llu, not '%s'", what,
             (unsigned long long)least, (unsigned long long)most, text);
    }
    return number;
}

uint64_t parse_size(const char *text, const char *what)
{
    static const char suffixes[] = "kMGT";
    char *end;
    double number = strtod(text, &end);
    const char *suffix = *end == '\0' ? NULL : strchr(suffixes, *end);

    for (const char *s = suffixes; suffix != NULL && s <= suffix; s++) {
        number *= 1000;
    }
    if (end == text || !(number >= 0 && number < 1e18) || (suffix != NULL && end[1] != '\0') ||
        (suffix == NULL && *end != '\0')) {
        fail(EXIT_USAGE, "%s is to be a number like 65536, 64k or 1.5G, not '%s'", what, text);
    }
    return (uint64_t)number;
}

double parse_probability(const char *text, const char *what)
{
    char *end;
    double number = strtod(text, &end);
    const char *begin = text;

    if (*end == '%') {
        number /= 100;
        end++;
    }
    if (end == begin || *end != '\0' || !(number >= 0 && number <= 1)) {
        fail(EXIT_USAGE, "%s is to be a probability like 0.05 or 5%%, not '%s'", what, text);
    }
    return number;
}

uint32_t parse_address(const char *text)
{
    struct in_addr address;

    if (inet_pton(AF_INET, text, &address) != 1) {
        fail(EXIT_USAGE, "'%s' is no IPv4 address; one looks like 10.0.0.1", text);
    }
    return ntohl(address.s_addr);
}

uint16_t parse_port(const char *text)
{
    return (uint16_t)parse_number(text, 1, 65535, "the port");
}

const char *address_text(uint32_t address, char text[ADDRESS_TEXT_SIZE])
{
    struct in_addr in = {.s_addr = htonl(address)};

    inet_ntop(AF_INET, &in, text, ADDRESS_TEXT_SIZE);
    return text;
}

bool write_fully(int fd, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written >= 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}
