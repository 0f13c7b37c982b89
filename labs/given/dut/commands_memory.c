/*
 * memory.… : what if there is no memory?
 *
 * The program is linked with --wrap (ld): calls of malloc, calloc and realloc come here first. One
 * of them can be made to fail, to see that the caller can live with it.
 */
#include "dut.h"

#include <stdlib.h>

/* The linker makes these names, reserved as they are; the originals are behind them. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

/* How many calls it is until the one that fails, itself included; 0: none does. */
static uint64_t until_failure;

static bool is_to_fail(void)
{
    return until_failure > 0 && --until_failure == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_to_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_to_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_to_fail() ? NULL : __real_realloc(old, size);
}

/* The reply says how many calls the one of the last time would still have been away. */
static void fail(struct dut *dut, struct request *request)
{
    (void)dut;
    uint64_t wanted = request_take_u64(request);

    if (!request_has_failed(request)) {
        request_answer(request, " %llu", (unsigned long long)until_failure);
        until_failure = wanted;
    }
}

const struct command memory_commands[] = {
    {"memory.fail", 1, 1, fail},
    {0},
};
