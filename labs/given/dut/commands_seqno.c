/* seqno.… : checkpoint 0. */
#include "dut.h"

#include "seqno.h"

#include <inttypes.h>

static void wrap(struct dut *dut, struct request *request)
{
    (void)dut;
    uint64_t absolute = request_take_u64(request);
    struct seqno isn = request_take_seqno(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %" PRIu32, seqno_wrap(absolute, isn).raw);
    }
}

static void unwrap(struct dut *dut, struct request *request)
{
    (void)dut;
    struct seqno n = request_take_seqno(request);
    struct seqno isn = request_take_seqno(request);
    uint64_t checkpoint = request_take_u64(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %" PRIu64, seqno_unwrap(n, isn, checkpoint));
    }
}

static void before(struct dut *dut, struct request *request)
{
    (void)dut;
    struct seqno a = request_take_seqno(request);
    struct seqno b = request_take_seqno(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %d", seqno_before(a, b));
    }
}

const struct command seqno_commands[] = {
    {"seqno.wrap", 2, 2, wrap},
    {"seqno.unwrap", 3, 3, unwrap},
    {"seqno.before", 2, 2, before},
    {0},
};
