/*
 * A caller that gives no more than the contracts promise. Code that relies on more works by chance,
 * and fails here: with the drivers of the tests, and with the device that the grader talks to.
 *
 *   - What is handed in, a config or a segment, is the caller's, and gone when the call has ended.
 *   - What is to be filled in is full of rubbish before.
 *   - A pointer that is handed out must not lead into a local variable.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A byte that is right nowhere, but a value of every type: a bool may be 0 or 1, nothing else. */
#define RUBBISH 1

static inline void fill_with_rubbish(void *memory, size_t size)
{
    memset(memory, RUBBISH, size);
}

/* A copy of a struct, for one call; NULL without memory. */
static inline void *lend(const void *thing, size_t size)
{
    /* Not malloc: calls of that can be made to fail (dut/commands_memory.c), and are counted. */
    size_t alignment = _Alignof(max_align_t);
    void *lent = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

    return lent != NULL ? memcpy(lent, thing, size) : NULL;
}

/* The call has ended. With AddressSanitizer, any further look at it is told with its place. */
static inline void take_back(void *lent, size_t size)
{
    fill_with_rubbish(lent, size);
    free(lent);
}

static inline bool is_rubbish(const uint8_t *pointer)
{
    uintptr_t rubbish;

    fill_with_rubbish(&rubbish, sizeof rubbish);
    return (uintptr_t)pointer == rubbish;
}

/* Was this the local variable of a function that has returned to the one that asks? Stacks grow
 * downwards where this kit runs, and have eight megabytes. */
__attribute__((always_inline)) static inline bool is_of_a_past_call(const void *pointer)
{
    uintptr_t top = (uintptr_t)__builtin_frame_address(0);
    uintptr_t size = (uintptr_t)8 << 20;

    return (uintptr_t)pointer < top && top - (uintptr_t)pointer < size;
}
