/*
 * What the unit tests of all checkpoints share: assertions that speak decimal and name what was
 * asked, bytes that tell where in a stream they stand, dice that fall alike on every machine, and
 * an end to endless loops.
 *
 * A word of the tests that checks something is a macro around a function with `_at` in its name,
 * which takes file and line: so a failure points to the line in the test, not in the helper. A word
 * that is made of several others is a macro that notes its place first: see from_here and word.
 */
#pragma once

#include "seqno.h"
#include "strict_caller.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* --- assertions ------------------------------------------------------------------------------- */

/* The line of the test that uses a word made of others: those fail in its name. */
static struct {
    const char *file;
    int line;
    unsigned depth; /* how many words have begun, in a file of tests, and not ended */
} place_in_test;

static inline void note_place(const char *file, int line)
{
    if (place_in_test.depth == 0) {
        place_in_test.file = file;
        place_in_test.line = line;
    }
}

static inline void begin_word(const char *file, int line)
{
    note_place(file, line);
    place_in_test.depth++;
}

static inline void end_word(void)
{
    place_in_test.depth--;
}

/* A word that stands in a header. */
#define from_here(call) (note_place(__FILE__, __LINE__), call)

/* A word that stands among the tests and gives back nothing; and one that gives back something: its
 * function ends with end_word. */
#define word(call) (begin_word(__FILE__, __LINE__), call, end_word())
#define word_giving(call) (begin_word(__FILE__, __LINE__), call)

/* Where a test fails: inside a word, at the line of the test that led there. All words end. */
static inline void end_words(const char **file, int *line)
{
    size_t len = strlen(*file);
    bool in_word = place_in_test.depth > 0 || (len > 2 && strcmp(*file + len - 2, ".h") == 0);

    place_in_test.depth = 0;
    if (in_word && place_in_test.file != NULL) {
        *file = place_in_test.file;
        *line = place_in_test.line;
    }
}

_Noreturn static inline void fail_at(const char *file, int line)
{
    end_words(&file, &line);
    _fail(file, line);
    abort(); /* never reached: so compilers see that it does not return */
}

static inline void assert_that_at(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        print_error("%s\n", what);
        fail_at(file, line);
    }
}

static inline void assert_memory_at(const void *actual, const void *expected, size_t len,
                                    const char *file, int line)
{
    if (memcmp(actual, expected, len) != 0) {
        end_words(&file, &line);
        _assert_memory_equal(actual, expected, len, file, line);
    }
}

/* cmocka's own, which know nothing of words. */
#undef assert_true
#undef assert_false
#undef assert_null
#undef assert_non_null
#undef assert_string_equal
#undef assert_memory_equal
#undef fail_msg
#define assert_true(condition) assert_that_at((condition), #condition, __FILE__, __LINE__)
#define assert_false(condition)                                                                    \
    assert_that_at(!(condition), "not expected: " #condition, __FILE__, __LINE__)
#define assert_null(pointer)                                                                       \
    assert_that_at((pointer) == NULL, #pointer " is not NULL", __FILE__, __LINE__)
#define assert_non_null(pointer)                                                                   \
    assert_that_at((pointer) != NULL, #pointer " is NULL", __FILE__, __LINE__)
#define assert_string_equal(actual, expected)                                                      \
    assert_text_at(actual, expected, #actual, __FILE__, __LINE__)
#define assert_memory_equal(actual, expected, len)                                                 \
    assert_memory_at(actual, expected, len, __FILE__, __LINE__)
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), fail_at(__FILE__, __LINE__))

/* Fails the test unless both numbers are equal. */
#define assert_number(actual, expected)                                                            \
    assert_number_at((unsigned long long)(actual), (unsigned long long)(expected), #actual,        \
                     __FILE__, __LINE__)

/* Fails the test unless the sequence number, a struct seqno, is `expected` on the wire. */
#define assert_seqno(actual, expected) assert_number((actual).raw, (uint32_t)(expected))

static inline void assert_number_at(unsigned long long actual, unsigned long long expected,
                                    const char *what, const char *file, int line)
{
    if (actual == expected) {
        return;
    }
    print_error("%s is %llu, expected %llu\n", what, actual, expected);
    fail_at(file, line);
}

/* Fails the test unless both strings are equal. */
static inline void assert_text_at(const char *actual, const char *expected, const char *what,
                                  const char *file, int line)
{
    if (strcmp(actual, expected) == 0) {
        return;
    }
    print_error("%s is \"%s\", expected \"%s\"\n", what, actual, expected);
    fail_at(file, line);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* The byte at a place in a long stream. Neighbours differ, and so do bytes a power of two apart: a
 * byte in a wrong place is noticed. */
static inline uint8_t pattern_byte(uint64_t index)
{
    return (uint8_t)(((index + 1) * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

/* Fills `bytes` with the part of that stream which begins at `index`. */
static inline void fill_pattern(uint8_t *bytes, uint64_t index, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = pattern_byte(index + i);
    }
}

static inline bool is_pattern(const uint8_t *bytes, uint64_t index, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != pattern_byte(index + i)) {
            return false;
        }
    }
    return true;
}

/* --- dice ------------------------------------------------------------------------------------- */

/* A source of random numbers (xorshift64*) that remembers its seed, so that a failure can name it.
 */
struct dice {
    uint64_t state;
    uint64_t seed;
    uint64_t rolls;
};

static inline struct dice dice_new(uint64_t seed)
{
    return (struct dice){.state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15), .seed = seed};
}

static inline uint64_t roll(struct dice *dice)
{
    dice->rolls++;
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* A number from 0 to n - 1; n is not 0. */
static inline uint32_t roll_below(struct dice *dice, uint32_t n)
{
    return (uint32_t)((roll(dice) >> 32) % n);
}

/* True `percent` times out of a hundred. */
static inline bool chance(struct dice *dice, uint32_t percent)
{
    return roll_below(dice, 100) < percent;
}

/* assert_number in a random test: tells with which seed, and after how many rolls. */
#define assert_rolled(dice, actual, expected)                                                      \
    assert_rolled_at(dice, (unsigned long long)(actual), (unsigned long long)(expected), #actual,  \
                     __FILE__, __LINE__)

static inline void assert_rolled_at(const struct dice *dice, unsigned long long actual,
                                    unsigned long long expected, const char *what, const char *file,
                                    int line)
{
    if (actual != expected) {
        print_error("with seed %llu, after %llu rolls:\n", (unsigned long long)dice->seed,
                    (unsigned long long)dice->rolls);
    }
    assert_number_at(actual, expected, what, file, line);
}

/* How many of `count` rounds a random test makes. `./tcplab check`, which runs after each save and
 * has cases of its own for the same, makes a part of them. */
#ifdef TESTS_FEWER_ROUNDS
#define rounds(count) (((count) + 7) / 8)
#else
#define rounds(count) (count)
#endif

/* --- running ---------------------------------------------------------------------------------- */

static inline void give_up(int signal_number)
{
    static const char message[] =
        "\nStopped: the test named last uses processor time without "
        "end. Look for a loop that does not end.\n";

    (void)signal_number;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(1);
}

/* Ends the program when it has used `seconds` of processor time. Time in a debugger is free. */
static inline void limit_processor_time(unsigned seconds)
{
    struct rlimit limit = {.rlim_cur = seconds, .rlim_max = RLIM_INFINITY};

    getrlimit(RLIMIT_CPU, &limit);
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > seconds) {
        limit.rlim_cur = seconds;
        setrlimit(RLIMIT_CPU, &limit);
        signal(SIGXCPU, give_up);
    }
}

/* Runs an array of struct CMUnitTest and gives the exit status of the program. */
#define run_all(name, tests)                                                                       \
    (limit_processor_time(120), cmocka_run_group_tests_name(name, tests, NULL, NULL) == 0 ? 0 : 1)
