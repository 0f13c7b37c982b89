/*
 * What all programs of this folder share: how they say what went wrong, how they read numbers, and
 * the options by which one puts a host on a wire.
 *
 * Exit status: 0 all went well, 1 the network or the peer did not play along, 2 the program was
 * called in a wrong way or could not start. Each error is one line on standard error.
 */
#pragma once

#include "tcp_socket.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

enum { EXIT_NETWORK = 1, EXIT_USAGE = 2 };

/* Call it first. Messages, those of getopt_long too, begin with the program's name from then on,
 * not with its path; and SIGPIPE is ignored. */
void app_begin(char **argv);

/* "name: message", on one line of standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the program ends with `status`. */
noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Numbers and addresses from the command line; what cannot be read ends the program, naming `what`
 * it was meant to be. */
uint64_t parse_number(const char *text, uint64_t least, uint64_t most, const char *what);
uint64_t parse_size(const char *text, const char *what);      /* 65536, 64k, 10M, 1.5G */
double parse_probability(const char *text, const char *what); /* 0.05 or 5% */
uint32_t parse_address(const char *text);                     /* 10.0.0.2 */
uint16_t parse_port(const char *text);

/* An address as a dotted quad, in the buffer given. */
enum { ADDRESS_TEXT_SIZE = 16 };
const char *address_text(uint32_t address, char text[ADDRESS_TEXT_SIZE]);

/* Writes all of it to a descriptor. False with errno if that fails. */
bool write_fully(int fd, const void *data, size_t size);

/* --- a host on a wire ------------------------------------------------------------------------- */

struct host_options {
    const char *tun;  /* the name of the interface */
    int tun_fd;       /* an inherited wire instead; -1: none */
    const char *pcap; /* where to record packets; NULL: nowhere */
    bool has_mtu;     /* was --mtu given? Otherwise the interface's is taken */
    struct stack_config stack;
    bool is_lossy;                 /* was any option of the link given? */
    struct lossy_link_config link; /* for both directions, with different seeds */
};

struct host_options host_options_default(void);

/* For the table of getopt_long, before the program's own entries. */
/* clang-format off */
#define HOST_OPTIONS                                                                               \
    {"tun", required_argument, NULL, OPTION_TUN},                                                  \
    {"tun-fd", required_argument, NULL, OPTION_TUN_FD},                                            \
    {"address", required_argument, NULL, OPTION_ADDRESS},                                          \
    {"mtu", required_argument, NULL, OPTION_MTU},                                                  \
    {"pcap", required_argument, NULL, OPTION_PCAP},                                                \
    {"seed", required_argument, NULL, OPTION_SEED},                                                \
    {"loss", required_argument, NULL, OPTION_LOSS},                                                \
    {"dup", required_argument, NULL, OPTION_DUP},                                                  \
    {"reorder", required_argument, NULL, OPTION_REORDER},                                          \
    {"corrupt", required_argument, NULL, OPTION_CORRUPT},                                          \
    {"delay", required_argument, NULL, OPTION_DELAY},                                              \
    {"rate", required_argument, NULL, OPTION_RATE},                                                \
    {"isn-seed", required_argument, NULL, OPTION_ISN_SEED},                                        \
    {"buffer", required_argument, NULL, OPTION_BUFFER},                                            \
    {"rto-initial", required_argument, NULL, OPTION_RTO_INITIAL},                                  \
    {"rto-min", required_argument, NULL, OPTION_RTO_MIN},                                          \
    {"rto-max", required_argument, NULL, OPTION_RTO_MAX},                                          \
    {"retries", required_argument, NULL, OPTION_RETRIES},                                          \
    {"syn-retries", required_argument, NULL, OPTION_SYN_RETRIES},                                  \
    {"user-timeout", required_argument, NULL, OPTION_USER_TIMEOUT},                                \
    {"ack-delay", required_argument, NULL, OPTION_ACK_DELAY},                                      \
    {"msl", required_argument, NULL, OPTION_MSL},                                                  \
    {"no-nagle", no_argument, NULL, OPTION_NO_NAGLE}
/* clang-format on */

enum {
    OPTION_TUN = 1000,
    OPTION_TUN_FD,
    OPTION_ADDRESS,
    OPTION_MTU,
    OPTION_PCAP,
    OPTION_SEED,
    OPTION_LOSS,
    OPTION_DUP,
    OPTION_REORDER,
    OPTION_CORRUPT,
    OPTION_DELAY,
    OPTION_RATE,
    OPTION_ISN_SEED,
    OPTION_BUFFER,
    OPTION_RTO_INITIAL,
    OPTION_RTO_MIN,
    OPTION_RTO_MAX,
    OPTION_RETRIES,
    OPTION_SYN_RETRIES,
    OPTION_USER_TIMEOUT,
    OPTION_ACK_DELAY,
    OPTION_MSL,
    OPTION_NO_NAGLE,
};

#define HOST_OPTIONS_HELP                                                                          \
    "The host and its wire:\n"                                                                     \
    "  --tun NAME          the TUN interface (tun0)\n"                                             \
    "  --tun-fd N          an inherited descriptor instead\n"                                      \
    "  --address A[/BITS]  our own address (10.0.0.2/24)\n"                                        \
    "  --mtu BYTES         largest packet (the interface's)\n"                                     \
    "  --pcap FILE         record what our TCP sends and is given, for Wireshark\n"                \
    "A bad link, in both directions (probabilities as 0.05 or 5%):\n"                              \
    "  --loss P  --dup P  --reorder P  --corrupt P  --delay MS  --rate BITS/S\n"                   \
    "  --seed N            of the link's accidents (0)\n"                                          \
    "TCP (times in milliseconds):\n"                                                               \
    "  --rto-initial MS  --rto-min MS  --rto-max MS    retransmission timeout (1000 1000 60000)\n" \
    "  --retries N  --syn-retries N    give up after so many (8 8)\n"                              \
    "  --user-timeout MS   give up on unacknowledged data (300000; 0: never)\n"                    \
    "  --ack-delay MS  --msl MS        (40 120000)\n"                                              \
    "  --buffer BYTES      of each direction of a connection (65535)\n"                            \
    "  --no-nagle          send small pieces at once\n"                                            \
    "  --isn-seed N        the same sequence numbers every time (random)\n"

/* Takes one of the options above. A wrong argument, or another option, ends the program. */
void host_option(struct host_options *options, int code, const char *argument);

struct app_host {
    struct tcp_host *host;
    int wire_fd;
    uint16_t mtu; /* bytes, as it came out */
    struct pcap_writer *capture;
};

/* Starts a host as it is wanted. What cannot be done ends the program. */
struct app_host app_host_start(const struct host_options *wanted);
void app_host_stop(struct app_host *app_host);
