#include "hash_table.h"

#include <stdlib.h>

#define INITIAL_BUCKETS 64u

bool hash_table_init(struct hash_table *table)
{
    table->buckets = calloc(INITIAL_BUCKETS, sizeof *table->buckets);
    table->bucket_count = INITIAL_BUCKETS;
    table->used = 0;
    return table->buckets != NULL;
}

void hash_table_destroy(struct hash_table *table)
{
    free(table->buckets);
    table->buckets = NULL;
}

static struct hash_link **bucket_of(const struct hash_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void push(struct hash_link **bucket, struct hash_link *link)
{
    link->next = *bucket;
    *bucket = link;
}

static void grow(struct hash_table *table)
{
    struct hash_table larger = {.bucket_count = table->bucket_count * 2, .used = table->used};

    larger.buckets = calloc(larger.bucket_count, sizeof *larger.buckets);
    if (larger.buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct hash_link *link = table->buckets[i];
            table->buckets[i] = link->next;
            push(bucket_of(&larger, link->hash), link);
        }
    }
    hash_table_destroy(table);
    *table = larger;
}

void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash)
{
    if (table->used >= table->bucket_count) {
        grow(table);
    }
    link->hash = hash;
    push(bucket_of(table, hash), link);
    table->used++;
}

void hash_table_remove(struct hash_table *table, struct hash_link *link)
{
    struct hash_link **place = bucket_of(table, link->hash);

    while (*place != link) {
        place = &(*place)->next;
    }
    *place = link->next;
    table->used--;
}

static struct hash_link *skip_to(struct hash_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

struct hash_link *hash_table_first(const struct hash_table *table, uint64_t hash)
{
    return skip_to(*bucket_of(table, hash), hash);
}

struct hash_link *hash_table_next(const struct hash_link *link)
{
    return skip_to(link->next, link->hash);
}
