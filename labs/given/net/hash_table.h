/*
 * A chained hash table whose links lie inside the things it holds, as in list.h. It knows hashes
 * only; who looks something up walks over the things with the right hash and compares the keys:
 *
 *      for (link = hash_table_first(table, hash); link != NULL; link = hash_table_next(link))
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_link {
    struct hash_link *next;
    uint64_t hash;
};

struct hash_table {
    struct hash_link **buckets;
    size_t bucket_count; /* a power of two */
    size_t used;         /* links in the table */
};

/* False when there is no memory. */
bool hash_table_init(struct hash_table *table);
/* Frees the buckets, not the things in them. */
void hash_table_destroy(struct hash_table *table);

/* Puts in a link that is not in the table. It always succeeds: where there is no memory to grow,
 * the chains get longer. */
void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash);
/* Takes out a link that is in the table. */
void hash_table_remove(struct hash_table *table, struct hash_link *link);

struct hash_link *hash_table_first(const struct hash_table *table, uint64_t hash);
struct hash_link *hash_table_next(const struct hash_link *link);
