/* Checkpoint 2: the reassembler. What each function has to do stands in reassembler.h. */
#include "reassembler.h"

struct reassembler {
    struct byte_stream *output; /* TODO: what else has a reassembler to remember? */
};

/* Makes a reassembler that writes to `output`, which it borrows. */
struct reassembler *reassembler_new(struct byte_stream *output)
{
    (void)output;
    /* TODO: yours */
    return NULL;
}

/* Gives back all that the reassembler owns; the output is not its own. */
void reassembler_free(struct reassembler *reassembler)
{
    (void)reassembler;
    /* TODO: yours */
}

/* Takes a piece of the stream, and delivers every byte whose turn has come. */
void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    (void)reassembler;
    (void)first_index;
    (void)data;
    (void)len;
    (void)is_last;
    /* TODO: yours */
}

/* The bytes that wait for a hole before them to be filled. */
size_t reassembler_bytes_pending(const struct reassembler *reassembler)
{
    (void)reassembler;
    /* TODO: yours */
    return 0;
}
