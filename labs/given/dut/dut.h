/*
 * The device under test: what the parts of this program share. What it does is in PROTOCOL.md.
 *
 *   dut.c                 the loop: a request comes, is carried out, and answered
 *   request.c, text.c     the request taken apart, the reply put together
 *   commands_….c          what the verbs do, a table for each family of them
 *   objects.c             the components that the caller has made, by their IDs
 *   take.c                the one of them that an argument names
 *   wire.c                packets between the wire and the stack, and the pause after 32 of them
 */
#pragma once

#include "connection.h"
#include "objects.h"
#include "request.h"
#include "stack.h"
#include "strict_caller.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_PACKETS_BEFORE_PAUSE = 32,
    WIRE_PACKET_MAX = 65535,
};

struct dut {
    int command_fd;
    int wire_fd;  /* -1: there is no wire */
    bool is_done; /* `quit` was asked for */
    struct objects objects;

    uint64_t now_ms; /* since stack.new, on the virtual clock */
    struct stack *stack;
    struct stack_listener **listeners;   /* by port; NULL if there is no stack */
    struct tcp_connection **connections; /* by ID; NULL if released */
    size_t connection_count;             /* IDs handed out */
    size_t connection_room;              /* IDs that fit */

    uint64_t sent_at[WIRE_PACKETS_BEFORE_PAUSE]; /* when packets left, since the last reply */
    unsigned sent;                               /* how many did */
    uint8_t packet[WIRE_PACKET_MAX];             /* on its way from or to the wire */
};

/* A verb. Its function is called with the right number of arguments. */
struct command {
    const char *verb;
    unsigned least, most; /* arguments */
    void (*run)(struct dut *dut, struct request *request);
};

/* The families; each table ends with a verb that is NULL. */
extern const struct command seqno_commands[];
extern const struct command stream_commands[];
extern const struct command receiver_commands[];
extern const struct command sender_commands[];
extern const struct command segment_commands[];
extern const struct command memory_commands[];
extern const struct command tcp_commands[];
extern const struct command churn_commands[];
/* Those that concern the wire: packets are read before, and written after. */
extern const struct command stack_commands[];
extern const struct command connection_commands[];

enum { CONFIG_OPTIONS = 15 };
/* Writes one option for each field of the config; an argument then sets the field. */
void config_options(struct option options[CONFIG_OPTIONS], struct tcp_config *config);
/* A copy for one call, which is to be taken back; NULL, and the request has failed, if there is no
 * memory for it. */
void *dut_lend(struct request *request, const void *thing, size_t size);

/* Takes the rest of the arguments as a config, which is to be taken back; NULL, and the request has
 * failed, if there is none. */
struct tcp_config *dut_take_config(struct request *request);

/* The component whose ID is the next argument; NULL, and the request has failed, if there is none.
 */
struct byte_stream *dut_take_stream(struct dut *dut, struct request *request);
struct reassembler *dut_take_reassembler(struct dut *dut, struct request *request);
struct tcp_receiver *dut_take_receiver(struct dut *dut, struct request *request);
struct tcp_sender *dut_take_sender(struct dut *dut, struct request *request);
struct tcp_connection *dut_take_connection(struct dut *dut, struct request *request);

/* Takes the rest of the arguments as the fields of a segment. The payload lives as long as the
 * request. `capacity` is what there is for its bytes: enough, if nothing is said. */
enum { SEGMENT_OPTIONS = 10 };
void segment_take(struct request *request, struct tcp_segment *segment, size_t *capacity);
void segment_answer(struct request *request, const struct tcp_segment *segment,
                    bool is_of_past_call);

/* Adds what the queries say about a connection. */
void connection_answer_state(struct request *request, const struct tcp_connection *connection);

/* Frees the stack with its listeners and connections, and what the DUT knows of them. */
void dut_free_stack(struct dut *dut);

/* --- the wire --------------------------------------------------------------------------------- */

/* Reads what lies on the wire, all of it, and writes what the stack answers. */
void wire_receive(struct dut *dut);
/* Writes what the stack has to send. */
void wire_transmit(struct dut *dut);
/* Adds ` tx=…` to a reply, if packets were written since the last one. */
void wire_answer_times(struct dut *dut, struct request *request);

/* --- the command channel ---------------------------------------------------------------------- */

/* Waits for a request and returns its length; `text` is `capacity` bytes, the terminator included.
 * More than `capacity` - 1 means that it was cut off. Does not return when the caller is gone: then
 * the program ends. */
size_t channel_receive(const struct dut *dut, char *text, size_t capacity);
void channel_send(const struct dut *dut, const char *text, size_t len);
/* The caller is gone: ends the program. */
_Noreturn void channel_lost(void);
