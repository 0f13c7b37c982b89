/* stack.…, clock.… and sync; and the keys of struct tcp_config. */
#include "dut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IP_AND_TCP_HEADERS 40u
/* No IPv4 link carries less (RFC 791, 3.2). */
#define MTU_MIN 68u

enum { STACK_OPTIONS = 6 };

void config_options(struct option options[CONFIG_OPTIONS], struct tcp_config *config)
{
    const struct option all[CONFIG_OPTIONS] = {
        {"mss", text_to_u16, &config->mss},
        {"recv_capacity", text_to_size, &config->recv_capacity},
        {"send_capacity", text_to_size, &config->send_capacity},
        {"isn", text_to_seqno, &config->isn},
        {"rto_initial_ms", text_to_u32, &config->rto_initial_ms},
        {"rto_min_ms", text_to_u32, &config->rto_min_ms},
        {"rto_max_ms", text_to_u32, &config->rto_max_ms},
        {"rto_after_syn_loss_ms", text_to_u32, &config->rto_after_syn_loss_ms},
        {"max_retransmissions", text_to_u32, &config->max_retransmissions},
        {"max_syn_retransmissions", text_to_u32, &config->max_syn_retransmissions},
        {"user_timeout_ms", text_to_u32, &config->user_timeout_ms},
        {"msl_ms", text_to_u32, &config->msl_ms},
        {"ack_delay_ms", text_to_u32, &config->ack_delay_ms},
        {"sws_override_ms", text_to_u32, &config->sws_override_ms},
        {"nagle", text_to_flag, &config->nagle},
    };

    memcpy(options, all, sizeof all);
}

struct tcp_config *dut_take_config(struct request *request)
{
    struct tcp_config config = tcp_config_default();
    struct option options[CONFIG_OPTIONS];

    config_options(options, &config);
    request_take_options(request, options, CONFIG_OPTIONS);
    if (request_has_failed(request)) {
        return NULL;
    }
    return dut_lend(request, &config, sizeof config);
}

/* --- the stack ---------------------------------------------------------------------------------
 */

/* A text_to_… function for uint8_t[16]. */
static bool text_to_secret(const char *word, void *value)
{
    struct bytes bytes = {0};
    bool is_good = text_to_bytes(word, &bytes) && bytes.len == 16;

    if (is_good) {
        memcpy(value, bytes.data, 16);
    }
    free(bytes.data);
    return is_good;
}

/* Takes all arguments of stack.new. */
static struct stack_config take_stack_config(struct request *request)
{
    struct stack_config config = stack_config_default(0);
    struct option options[STACK_OPTIONS + CONFIG_OPTIONS] = {
        {"address", text_to_address, &config.address},
        {"netmask", text_to_address, &config.netmask},
        {"mtu", text_to_u16, &config.mtu},
        {"ttl", text_to_u8, &config.ttl},
        {"fixed_isn", text_to_flag, &config.fixed_isn},
        {"secret", text_to_secret, config.isn_secret},
    };

    config_options(options + STACK_OPTIONS, &config.tcp);
    request_take_options(request, options, STACK_OPTIONS + CONFIG_OPTIONS);
    if (request_option(request, "address") == NULL || request_option(request, "netmask") == NULL) {
        request_fail(request, "address and netmask are wanted");
    }
    if (config.mtu < MTU_MIN) {
        request_fail(request, "the mtu is at least %u", MTU_MIN);
    }
    if (request_option(request, "mss") == NULL) {
        config.tcp.mss = (uint16_t)(config.mtu - IP_AND_TCP_HEADERS);
    }
    return config;
}

void dut_free_stack(struct dut *dut)
{
    stack_free(dut->stack);
    free(dut->listeners);
    free(dut->connections);
    dut->stack = NULL;
    dut->listeners = NULL;
    dut->connections = NULL;
    dut->connection_count = 0;
    dut->connection_room = 0;
}

static void new_stack(struct dut *dut, struct request *request)
{
    struct stack_config config = take_stack_config(request);

    if (dut->wire_fd < 0) {
        request_fail(request, "there is no wire: start the dut with --wire-fd");
    }
    if (request_has_failed(request)) {
        return;
    }
    struct stack *stack = stack_new(&config);
    if (stack == NULL) {
        request_fail(request, "ENOMEM stack_new returned NULL");
        return;
    }
    struct stack_listener **listeners = calloc(UINT16_MAX + 1, sizeof(struct stack_listener *));
    if (listeners == NULL) {
        stack_free(stack);
        request_fail(request, "ENOMEM there is no room for listeners");
        return;
    }
    dut_free_stack(dut);
    dut->stack = stack;
    dut->listeners = listeners;
    dut->now_ms = 0;
}

static void counters(struct dut *dut, struct request *request)
{
    if (dut->stack == NULL) {
        request_fail(request, "there is no stack");
        return;
    }
    struct stack_counters all = stack_counters(dut->stack);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"packets_in", all.packets_in},
        {"packets_out", all.packets_out},
        {"dropped_ip", all.dropped_ip},
        {"dropped_protocol", all.dropped_protocol},
        {"dropped_checksum", all.dropped_checksum},
        {"dropped_segment", all.dropped_segment},
        {"dropped_backlog", all.dropped_backlog},
        {"resets_sent", all.resets_sent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request_answer(request, " %s=%" PRIu64, rows[i].name, rows[i].value);
    }
}

/* --- the clock ---------------------------------------------------------------------------------
 */

static void advance(struct dut *dut, struct request *request)
{
    uint32_t ms = request_take_u32(request);

    if (dut->stack == NULL) {
        request_fail(request, "there is no stack");
    }
    if (request_has_failed(request)) {
        return;
    }
    for (uint32_t i = 0; i < ms && !dut->is_done; i++) {
        dut->now_ms++;
        stack_tick(dut->stack, 1);
        wire_transmit(dut);
    }
}

static void now(struct dut *dut, struct request *request)
{
    request_answer(request, " %" PRIu64, dut->now_ms);
}

/* --- the wire ----------------------------------------------------------------------------------
 */

/* All that it asks for is done for every request that concerns the wire. */
static void sync_wire(struct dut *dut, struct request *request)
{
    (void)dut;
    (void)request;
}

/* Where it has a meaning, the pause in wire.c takes it. */
static void continue_nothing(struct dut *dut, struct request *request)
{
    (void)dut;
    request_fail(request, "there is nothing to continue");
}

const struct command stack_commands[] = {
    {"stack.new", 2, STACK_OPTIONS + CONFIG_OPTIONS, new_stack},
    {"stack.counters", 0, 0, counters},
    {"clock.advance", 1, 1, advance},
    {"clock.now", 0, 0, now},
    {"sync", 0, 0, sync_wire},
    {"continue", 0, 0, continue_nothing},
    {0},
};
