/*
 * The reassembler as a balanced tree of intervals: the contract is in reassembler.h.
 *
 * The intervals held are disjoint and do not touch: whatever is inserted melts together with what
 * it overlaps or touches, as far as the intervals are concerned. The bytes themselves lie in a ring
 * beside the tree, byte number i at i mod capacity, so that melting moves none of them. Where two
 * pieces disagree about a byte, the later copy wins here; the contract leaves that open.
 *
 * The tree is an AA tree (Andersson, 1993). Each interval that goes has come with an insert, so an
 * insert costs log(intervals) and the bytes that it carries.
 */
#include "reassembler.h"

#include <stdlib.h>
#include <string.h>

struct node {
    struct node *left;
    struct node *right;
    unsigned level;
    uint64_t begin;
    uint64_t end;
};

struct reassembler {
    struct byte_stream *output; /* borrowed */
    size_t capacity;
    uint8_t *ring;
    struct node *root;
    size_t pending;
    bool end_known;
    uint64_t end;
};

struct reassembler *reassembler_new(struct byte_stream *output)
{
    struct reassembler *reassembler = calloc(1, sizeof *reassembler);

    if (reassembler == NULL) {
        return NULL;
    }
    reassembler->output = output;
    reassembler->capacity = byte_stream_capacity(output);
    reassembler->ring = malloc(reassembler->capacity + 1);
    if (reassembler->ring == NULL) {
        free(reassembler);
        return NULL;
    }
    return reassembler;
}

static void free_tree(struct node *node)
{
    if (node != NULL) {
        free_tree(node->left);
        free_tree(node->right);
        free(node);
    }
}

void reassembler_free(struct reassembler *reassembler)
{
    if (reassembler != NULL) {
        free_tree(reassembler->root);
        free(reassembler->ring);
        free(reassembler);
    }
}

/* --- the tree --------------------------------------------------------------------------------- */

static unsigned level_of(const struct node *node)
{
    return node == NULL ? 0 : node->level;
}

/* No left child on the level of its parent: turn right. */
static struct node *skew(struct node *node)
{
    if (node == NULL || level_of(node->left) != node->level) {
        return node;
    }
    struct node *left = node->left;

    node->left = left->right;
    left->right = node;
    return left;
}

/* No two right children in a row on one level: turn left, and one up. */
static struct node *split(struct node *node)
{
    if (node == NULL || node->right == NULL || level_of(node->right->right) != node->level) {
        return node;
    }
    struct node *right = node->right;

    node->right = right->left;
    right->left = node;
    right->level++;
    return right;
}

static struct node *tree_insert(struct node *node, struct node *new)
{
    if (node == NULL) {
        return new;
    }
    if (new->begin < node->begin) {
        node->left = tree_insert(node->left, new);
    } else {
        node->right = tree_insert(node->right, new);
    }
    return split(skew(node));
}

/* After a removal below: levels go down, and up to three turns put things right. */
static struct node *mend(struct node *node)
{
    unsigned lower =
        level_of(node->left) < level_of(node->right) ? level_of(node->left) : level_of(node->right);

    if (lower + 1 < node->level) {
        node->level = lower + 1;
        if (level_of(node->right) > node->level) {
            node->right->level = node->level;
        }
    }
    node = skew(node);
    node->right = skew(node->right);
    if (node->right != NULL) {
        node->right->right = skew(node->right->right);
    }
    node = split(node);
    node->right = split(node->right);
    return node;
}

static struct node *tree_remove_first(struct node *node, struct node **first)
{
    if (node->left == NULL) {
        *first = node;
        return node->right;
    }
    node->left = tree_remove_first(node->left, first);
    return mend(node);
}

static struct node *tree_remove(struct node *node, uint64_t begin)
{
    if (begin < node->begin) {
        node->left = tree_remove(node->left, begin);
    } else if (begin > node->begin) {
        node->right = tree_remove(node->right, begin);
    } else if (node->right == NULL) {
        struct node *left = node->left;

        free(node);
        return left;
    } else {
        struct node *heir;
        struct node *right = tree_remove_first(node->right, &heir);

        heir->left = node->left;
        heir->right = right;
        heir->level = node->level;
        free(node);
        node = heir;
    }
    return mend(node);
}

/* The first interval that ends at `index` or later; NULL if there is none. */
static struct node *first_reaching(struct node *node, uint64_t index)
{
    struct node *best = NULL;

    while (node != NULL) {
        if (node->end >= index) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

/* --- the pieces ------------------------------------------------------------------------------- */

static void copy_to_ring(struct reassembler *reassembler, uint64_t index, const uint8_t *data,
                         size_t len)
{
    size_t place = (size_t)(index % reassembler->capacity);
    size_t to_the_end = reassembler->capacity - place;
    size_t first = len < to_the_end ? len : to_the_end;

    memcpy(reassembler->ring + place, data, first);
    memcpy(reassembler->ring, data + first, len - first);
}

/* Without memory for the new interval nothing has happened, and the bytes come again. */
static void hold(struct reassembler *reassembler, uint64_t from, uint64_t to, const uint8_t *data)
{
    struct node *melted = calloc(1, sizeof *melted);
    struct node *held;

    if (melted == NULL) {
        return;
    }
    copy_to_ring(reassembler, from, data, (size_t)(to - from));
    while ((held = first_reaching(reassembler->root, from)) != NULL && held->begin <= to) {
        from = held->begin < from ? held->begin : from;
        to = held->end > to ? held->end : to;
        reassembler->pending -= (size_t)(held->end - held->begin);
        reassembler->root = tree_remove(reassembler->root, held->begin);
    }
    *melted = (struct node){.level = 1, .begin = from, .end = to};
    reassembler->pending += (size_t)(to - from);
    reassembler->root = tree_insert(reassembler->root, melted);
}

/* At most one interval can be delivered: if there were a second one, it would touch the first. */
static void deliver(struct reassembler *reassembler)
{
    uint64_t next = byte_stream_total_written(reassembler->output);
    const struct node *held = first_reaching(reassembler->root, next);

    if (held == NULL || held->begin != next) {
        return;
    }
    size_t len = (size_t)(held->end - held->begin);
    size_t place = (size_t)(next % reassembler->capacity);
    size_t to_the_end = reassembler->capacity - place;
    size_t first = len < to_the_end ? len : to_the_end;

    byte_stream_write(reassembler->output, reassembler->ring + place, first);
    byte_stream_write(reassembler->output, reassembler->ring, len - first);
    reassembler->pending -= len;
    reassembler->root = tree_remove(reassembler->root, next);
}

/* The end has become known: nothing lies beyond it. */
static void set_end(struct reassembler *reassembler, uint64_t end)
{
    struct node *beyond;

    reassembler->end_known = true;
    reassembler->end = end;
    while ((beyond = first_reaching(reassembler->root, end + 1)) != NULL) {
        if (beyond->begin < end) {
            reassembler->pending -= (size_t)(beyond->end - end);
            beyond->end = end;
        } else {
            reassembler->pending -= (size_t)(beyond->end - beyond->begin);
            reassembler->root = tree_remove(reassembler->root, beyond->begin);
        }
    }
}

static uint64_t edge_of(const struct reassembler *reassembler)
{
    uint64_t edge = byte_stream_total_read(reassembler->output) + reassembler->capacity;

    return reassembler->end_known && reassembler->end < edge ? reassembler->end : edge;
}

void reassembler_insert(struct reassembler *reassembler, uint64_t first_index, const void *data,
                        size_t len, bool is_last)
{
    uint64_t next = byte_stream_total_written(reassembler->output);
    uint64_t from = first_index < next ? next : first_index;
    uint64_t to = first_index + len;
    bool inside = to >= next && to <= edge_of(reassembler);

    if (byte_stream_has_error(reassembler->output)) {
        return;
    }
    if (is_last && inside && !reassembler->end_known) {
        set_end(reassembler, to);
    }
    if (to > edge_of(reassembler)) {
        to = edge_of(reassembler);
    }
    if (from < to) {
        hold(reassembler, from, to, (const uint8_t *)data + (from - first_index));
        deliver(reassembler);
    }
    if (reassembler->end_known &&
        byte_stream_total_written(reassembler->output) == reassembler->end) {
        byte_stream_close(reassembler->output);
    }
}

size_t reassembler_bytes_pending(const struct reassembler *reassembler)
{
    return reassembler->pending;
}
