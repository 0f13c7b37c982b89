/*
 * A doubly linked list whose links lie inside the things that are listed: nothing is allocated, and
 * a thing leaves its list in constant time. A struct list is both: the head of a list, and the link
 * in a member. A link that is in no list points to itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *previous;
};

/* The thing of type `type` whose member `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
    list->next = list;
    list->previous = list;
}

/* For a head: is the list empty? For a link: is it in no list? */
static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* `link` is in no list. */
static inline void list_append(struct list *head, struct list *link)
{
    link->next = head;
    link->previous = head->previous;
    head->previous->next = link;
    head->previous = link;
}

/* Removing a link that is in no list is harmless. */
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}
