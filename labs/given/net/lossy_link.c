#include "lossy_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A packet under way. Ties in time are broken by `order`, so that equals leave as they came. */
struct parcel {
    uint64_t due_us;
    uint64_t order;
    size_t len;
    uint8_t bytes[];
};

/* What chance has decided for one packet. */
struct fate {
    bool lost, corrupted, duplicated, reordered;
    uint64_t held_us;       /* by which a reordered one comes later */
    uint64_t damage_place;  /* random: reduced to the packet's length when it is used */
    uint8_t damage_pattern; /* never 0: the byte does change */
};

struct lossy_link {
    struct lossy_link_config config;
    struct lossy_link_counters counters;
    uint64_t random_state;
    uint64_t idle_at_us; /* when the line has sent all that was pushed (rate_bps) */
    uint64_t next_order;
    struct parcel **heap; /* a binary heap: the one due first is at index 0 */
    size_t parcels, room; /* of the heap: in use, allocated */
};

struct lossy_link_config lossy_link_config_default(void)
{
    return (struct lossy_link_config){.reorder_us = 2000, .queue_packets = 1000};
}

static bool is_probability(double p)
{
    return p >= 0.0 && p <= 1.0;
}

struct lossy_link *lossy_link_new(const struct lossy_link_config *config)
{
    if (!is_probability(config->loss) || !is_probability(config->duplicate) ||
        !is_probability(config->reorder) || !is_probability(config->corrupt) ||
        config->reorder_us == 0) {
        errno = EINVAL;
        return NULL;
    }

    struct lossy_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->config = *config;
    link->random_state = config->seed;
    return link;
}

void lossy_link_free(struct lossy_link *link)
{
    if (link == NULL) {
        return;
    }
    for (size_t i = 0; i < link->parcels; i++) {
        free(link->heap[i]);
    }
    free(link->heap);
    free(link);
}

/* --- chance ---------------------------------------------------------------------------------- */

/* SplitMix64: a counter whose every value is scrambled into 64 well-mixed bits. */
static uint64_t draw(struct lossy_link *link)
{
    uint64_t z = link->random_state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The upper 53 bits make a double from 0 up to, not including, 1: so 0 is never, 1 is always. */
static bool chance(struct lossy_link *link, double probability)
{
    return (double)(draw(link) >> 11) * 0x1p-53 < probability;
}

static struct fate decide(struct lossy_link *link)
{
    const struct lossy_link_config *config = &link->config;
    struct fate fate;

    fate.lost = chance(link, config->loss);
    fate.corrupted = chance(link, config->corrupt);
    fate.duplicated = chance(link, config->duplicate);
    fate.reordered = chance(link, config->reorder);
    fate.held_us = 1 + draw(link) % config->reorder_us;
    fate.damage_place = draw(link);
    fate.damage_pattern = (uint8_t)(1 + draw(link) % 255);
    return fate;
}

/* --- the packets under way ------------------------------------------------------------------- */

static bool leaves_before(const struct parcel *a, const struct parcel *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static bool heap_add(struct lossy_link *link, struct parcel *parcel)
{
    if (link->parcels == link->room) {
        size_t room = link->room == 0 ? 64 : 2 * link->room;
        struct parcel **heap = realloc(link->heap, room * sizeof *heap);

        if (heap == NULL) {
            return false;
        }
        link->heap = heap;
        link->room = room;
    }

    size_t i = link->parcels++;
    for (; i > 0 && leaves_before(parcel, link->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        link->heap[i] = link->heap[(i - 1) / 2];
    }
    link->heap[i] = parcel;
    return true;
}

static struct parcel *heap_take_first(struct lossy_link *link)
{
    struct parcel *first = link->heap[0];
    struct parcel *last = link->heap[--link->parcels];
    size_t i = 0;

    for (size_t child = 1; child < link->parcels; child = 2 * i + 1) {
        if (child + 1 < link->parcels && leaves_before(link->heap[child + 1], link->heap[child])) {
            child++;
        }
        if (!leaves_before(link->heap[child], last)) {
            break;
        }
        link->heap[i] = link->heap[child];
        i = child;
    }
    link->heap[i] = last;
    return first;
}

/* --- in and out ------------------------------------------------------------------------------ */

/* When a packet of this length has left a line of limited rate, if it joins the queue now. */
static uint64_t sent_at(struct lossy_link *link, uint64_t now_us, size_t len)
{
    if (link->config.rate_bps == 0) {
        return now_us;
    }
    if (link->idle_at_us < now_us) {
        link->idle_at_us = now_us;
    }
    link->idle_at_us += (uint64_t)len * 8 * 1000000 / link->config.rate_bps;
    return link->idle_at_us;
}

static void dispatch(struct lossy_link *link, uint64_t now_us, const uint8_t *packet, size_t len,
                     const struct fate *fate)
{
    if (link->config.queue_packets != 0 && link->parcels >= link->config.queue_packets) {
        link->counters.overflowed++;
        return;
    }

    struct parcel *parcel = malloc(sizeof *parcel + len);
    if (parcel == NULL) {
        return;
    }
    memcpy(parcel->bytes, packet, len);
    parcel->len = len;
    parcel->order = link->next_order++;
    parcel->due_us = sent_at(link, now_us, len) + link->config.delay_us;
    if (fate->reordered) {
        parcel->due_us += fate->held_us;
    }
    if (fate->corrupted && len > 0) {
        parcel->bytes[fate->damage_place % len] ^= fate->damage_pattern;
    }
    if (!heap_add(link, parcel)) {
        free(parcel);
    }
}

void lossy_link_push(struct lossy_link *link, uint64_t now_us, const uint8_t *packet, size_t len)
{
    struct fate fate = decide(link);

    link->counters.pushed++;
    link->counters.lost += fate.lost;
    if (fate.lost) {
        return;
    }
    link->counters.corrupted += fate.corrupted;
    link->counters.reordered += fate.reordered;
    link->counters.duplicated += fate.duplicated;

    dispatch(link, now_us, packet, len, &fate);
    if (fate.duplicated) {
        dispatch(link, now_us, packet, len, &(struct fate){0});
    }
}

size_t lossy_link_pop(struct lossy_link *link, uint64_t now_us, uint8_t *packet, size_t capacity)
{
    if (link->parcels == 0 || link->heap[0]->due_us > now_us) {
        return 0;
    }

    struct parcel *parcel = heap_take_first(link);
    size_t len = parcel->len < capacity ? parcel->len : capacity;

    memcpy(packet, parcel->bytes, len);
    free(parcel);
    link->counters.popped++;
    return len;
}

bool lossy_link_next_due(const struct lossy_link *link, uint64_t *due_us)
{
    if (link->parcels == 0) {
        return false;
    }
    *due_us = link->heap[0]->due_us;
    return true;
}

struct lossy_link_counters lossy_link_counters(const struct lossy_link *link)
{
    return link->counters;
}
