#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[1000];
static char reply[REPLY_MAX];

static struct request request_of(const char *words)
{
    struct request request;

    memcpy(text, words, strlen(words) + 1);
    request_init(&request, text, strlen(words), reply);
    return request;
}

static void assert_reply(const struct request *request, const char *expected)
{
    assert_int_equal(request->reply_len, strlen(expected));
    assert_memory_equal(request->reply, expected, request->reply_len);
}

static void a_request_is_a_verb_and_words(void **state)
{
    (void)state;
    struct request request = request_of("stream.write 7 6162");

    assert_string_equal(request.verb, "stream.write");
    assert_int_equal(request.count, 2);
    assert_int_equal(request_take_id(&request), 7);
    assert_true(request_has_more(&request));
    struct bytes bytes = request_take_bytes(&request);
    assert_int_equal(bytes.len, 2);
    assert_memory_equal(bytes.data, "ab", 2);
    assert_false(request_has_more(&request));
    assert_false(request_has_failed(&request));
    assert_reply(&request, "ok");
    request_destroy(&request);
}

static void spaces_stand_alone_and_between_words(void **state)
{
    (void)state;
    const char *const wrong[] = {"", " ", "verb ", " verb", "verb  1", "verb 1 "};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct request request = request_of(wrong[i]);
        assert_true(request_has_failed(&request));
    }
}

static void a_zero_byte_is_no_text(void **state)
{
    (void)state;
    struct request request;

    memcpy(text, "sync\0x", 7);
    request_init(&request, text, 6, reply);
    assert_true(request_has_failed(&request));
}

static void there_is_a_limit_to_the_arguments(void **state)
{
    (void)state;
    char words[] = "verb 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1";

    assert_int_equal(strlen(words), 4 + 2 * (REQUEST_ARGUMENTS_MAX + 1));
    struct request request = request_of(words);
    assert_true(request_has_failed(&request));
    words[4 + 2 * REQUEST_ARGUMENTS_MAX] = '\0';
    request = request_of(words);
    assert_false(request_has_failed(&request));
    assert_int_equal(request.count, REQUEST_ARGUMENTS_MAX);
}

static void the_first_wrong_argument_is_named(void **state)
{
    (void)state;
    struct request request = request_of("verb 1 x 3");

    assert_int_equal(request_take_u32(&request), 1);
    assert_int_equal(request_take_u32(&request), 0);
    assert_int_equal(request_take_u32(&request), 0);
    assert_true(request_has_failed(&request));
    assert_reply(&request, "error argument 2 is not a number below 2^32");
}

static void a_missing_argument_is_named(void **state)
{
    (void)state;
    struct request request = request_of("verb");

    request_take_flag(&request);
    assert_reply(&request, "error argument 1 is missing");
}

static void a_word_is_taken_as_it_is(void **state)
{
    (void)state;
    struct request request = request_of("reassembler.churn every-second");

    assert_string_equal(request_take_word(&request), "every-second");
    assert_string_equal(request_take_word(&request), "");
    assert_reply(&request, "error argument 2 is missing");
    request_destroy(&request);
}

static void options_stand_in_any_order(void **state)
{
    (void)state;
    uint16_t a = 1, b = 2, c = 3;
    const struct option options[] = {
        {"a", text_to_u16, &a}, {"ab", text_to_u16, &b}, {"c", text_to_u16, &c}};
    struct request request = request_of("verb ab=20 a=10");

    request_take_options(&request, options, 3);
    assert_false(request_has_failed(&request));
    assert_true(a == 10 && b == 20 && c == 3);
    assert_string_equal(request_option(&request, "ab"), "20");
    assert_null(request_option(&request, "c"));
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {"verb b=1",     "verb a",   "verb a=",  "verb =1",
                                 "verb a=1 a=2", "verb A=1", "verb a=x", "verb aa=1"};
    uint16_t a;
    const struct option options[] = {{"a", text_to_u16, &a}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct request request = request_of(wrong[i]);
        request_take_options(&request, options, 1);
        assert_true(request_has_failed(&request));
    }
}

static void the_reply_is_put_together(void **state)
{
    (void)state;
    struct request request = request_of("verb");

    request_answer(&request, " %d data=", 5);
    request_answer_bytes(&request, (const uint8_t *)"\x01\xfe", 2);
    request_answer(&request, " ");
    request_answer_bytes(&request, NULL, 0);
    request_answer_digits(&request, NULL, 0);
    request_note(&request, " tx=1");
    assert_reply(&request, "ok 5 data=01fe - tx=1");
}

static void a_failure_replaces_the_reply_and_stays(void **state)
{
    (void)state;
    struct request request = request_of("verb");

    request_answer(&request, " 5");
    request_fail(&request, "no %s", "luck");
    request_fail(&request, "again");
    request_answer(&request, " 6");
    request_answer_bytes(&request, (const uint8_t *)"x", 1);
    request_note(&request, " tx=1");
    assert_reply(&request, "error no luck tx=1");
}

static void a_reply_that_is_too_long_becomes_an_error(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(REPLY_MAX, 1);
    struct request request = request_of("verb");

    request_answer_bytes(&request, bytes, REPLY_MAX / 2 - 1);
    assert_false(request_has_failed(&request));
    request_answer(&request, "x");
    assert_reply(&request, "error the reply is too long");

    request = request_of("verb");
    request_answer_bytes(&request, bytes, REPLY_MAX / 2);
    assert_reply(&request, "error the reply is too long");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_a_verb_and_words),
        cmocka_unit_test(spaces_stand_alone_and_between_words),
        cmocka_unit_test(a_zero_byte_is_no_text),
        cmocka_unit_test(there_is_a_limit_to_the_arguments),
        cmocka_unit_test(the_first_wrong_argument_is_named),
        cmocka_unit_test(a_missing_argument_is_named),
        cmocka_unit_test(a_word_is_taken_as_it_is),
        cmocka_unit_test(options_stand_in_any_order),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(the_reply_is_put_together),
        cmocka_unit_test(a_failure_replaces_the_reply_and_stays),
        cmocka_unit_test(a_reply_that_is_too_long_becomes_an_error),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
