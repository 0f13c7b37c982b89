#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* A thread that is blocked in a call. It lives on that thread's stack. */
struct waiter {
    struct list link;
    pthread_cond_t wake;
    handle_question *question;
    struct handle *handle;
};

/* --- the lock -------------------------------------------------------------------------------- */

void host_lock(struct tcp_host *host)
{
    pthread_mutex_lock(&host->lock);
    loop_catch_up(host->loop);
}

void host_unlock(struct tcp_host *host)
{
    loop_transmit(host->loop);
    pthread_mutex_unlock(&host->lock);
}

/* --- waiting --------------------------------------------------------------------------------- */

struct timespec deadline_after(uint32_t ms)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += (time_t)(ms / 1000);
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static bool wait_is_over(struct handle *handle, handle_question *question)
{
    return handle->closed || handle->host->stopping || question(handle) || handle->host->wire_gone;
}

void host_wake_waiters(struct tcp_host *host)
{
    for (struct list *link = host->waiters.next; link != &host->waiters; link = link->next) {
        struct waiter *waiter = CONTAINER_OF(link, struct waiter, link);

        if (wait_is_over(waiter->handle, waiter->question)) {
            pthread_cond_signal(&waiter->wake);
        }
    }
}

static void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Moves packets, and wakes those who waited for that. A thread does so before it goes to sleep:
 * what it waits for has often arrived already, and that is cheaper than being woken by the pump. */
static void turn(struct tcp_host *host)
{
    if (!host->wire_gone) {
        host->wire_gone = !loop_exchange(host->loop);
    }
    host_wake_waiters(host);
}

/* Sleeps until woken; false when the deadline has passed. */
static bool sleep_until_woken(struct handle *handle, handle_question *question,
                              const struct timespec *deadline)
{
    struct tcp_host *host = handle->host;
    struct waiter waiter = {.question = question, .handle = handle};
    int result;

    condition_init(&waiter.wake);
    list_append(&host->waiters, &waiter.link);
    if (deadline != NULL) {
        result = pthread_cond_timedwait(&waiter.wake, &host->lock, deadline);
    } else {
        result = pthread_cond_wait(&waiter.wake, &host->lock);
    }
    list_remove(&waiter.link);
    pthread_cond_destroy(&waiter.wake);
    if (host->stopping && list_is_empty(&host->waiters)) {
        pthread_cond_signal(&host->no_more_waiters);
    }
    return result != ETIMEDOUT;
}

int handle_wait(struct handle *handle, handle_question *question, const struct timespec *deadline)
{
    bool in_time = true;

    handle->blocked++;
    while (in_time && !wait_is_over(handle, question)) {
        turn(handle->host);
        if (!wait_is_over(handle, question)) {
            in_time = sleep_until_woken(handle, question, deadline);
        }
    }
    handle->blocked--;

    if (handle->closed || handle->host->stopping) {
        return ECONNABORTED;
    }
    if (question(handle)) {
        return 0;
    }
    return handle->host->wire_gone ? ENETDOWN : EAGAIN;
}

int handle_wait_its_time(struct handle *handle, handle_question *question)
{
    if (handle->timeout_ms == 0) {
        return handle_wait(handle, question, NULL);
    }
    struct timespec deadline = deadline_after(handle->timeout_ms);
    return handle_wait(handle, question, &deadline);
}

/* --- handles ------------------------------------------------------------------------------- */

void handle_init(struct handle *handle, struct tcp_host *host)
{
    handle->host = host;
    list_append(&host->handles, &handle->link);
}

void handle_leave(struct handle *handle)
{
    if (!handle->closed || handle->blocked > 0) {
        return;
    }
    list_remove(&handle->link);
    free(handle);
}

void handle_close(struct handle *handle)
{
    handle->closed = true;
    host_wake_waiters(handle->host);
    handle_leave(handle);
}

/* --- the host -------------------------------------------------------------------------------- */

struct tcp_host_config tcp_host_config_default(uint32_t address)
{
    struct tcp_host_config config = {
        .stack = stack_config_default(address),
        .wire_fd = -1,
    };

    if (getrandom(config.stack.isn_secret, sizeof config.stack.isn_secret, 0) < 0) {
        abort(); /* only a kernel from before 2014 has no getrandom */
    }
    return config;
}

/* The pump: moves packets and time until the host is stopped. */
static void *pump(void *argument)
{
    struct tcp_host *host = argument;

    pthread_mutex_lock(&host->lock);
    while (!host->stopping && !host->wire_gone) {
        turn(host);
        struct loop_pause pause = loop_pause(host->loop);
        pthread_mutex_unlock(&host->lock);

        bool alive = loop_wait(host->loop, pause);

        pthread_mutex_lock(&host->lock);
        if (!alive) {
            host->wire_gone = true;
        }
    }
    host_wake_waiters(host);
    pthread_mutex_unlock(&host->lock);
    return NULL;
}

/* The pump takes no signals: they are for the application's threads. */
static int start_pump(struct tcp_host *host)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&host->pump, NULL, pump, host);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

/* Fine enough for the shortest timer that the configuration asks for. */
static uint32_t tick_for(const struct tcp_config *tcp)
{
    uint32_t tick_ms = tcp->rto_min_ms / 10;

    if (tcp->ack_delay_ms / 4 < tick_ms) {
        tick_ms = tcp->ack_delay_ms / 4;
    }
    return tick_ms < 1 ? 1 : tick_ms > 10 ? 10 : tick_ms;
}

static void free_host(struct tcp_host *host)
{
    loop_free(host->loop);
    stack_free(host->stack);
    pthread_cond_destroy(&host->no_more_waiters);
    pthread_mutex_destroy(&host->lock);
    free(host);
}

struct tcp_host *tcp_host_new(const struct tcp_host_config *config)
{
    struct tcp_host *host = calloc(1, sizeof *host);
    int failure = ENOMEM;

    if (host == NULL) {
        return NULL;
    }
    pthread_mutex_init(&host->lock, NULL);
    condition_init(&host->no_more_waiters);
    list_init(&host->waiters);
    list_init(&host->handles);
    host->address = config->stack.address;
    host->send_capacity = config->stack.tcp.send_capacity;
    host->stack = stack_new(&config->stack);
    if (host->stack != NULL) {
        const struct loop_config loop = {
            .stack = host->stack,
            .wire_fd = config->wire_fd,
            .tick_ms = tick_for(&config->stack.tcp),
            .outbound = config->outbound,
            .inbound = config->inbound,
            .capture = config->capture,
        };
        host->loop = loop_new(&loop);
        failure = host->loop == NULL ? errno : start_pump(host);
    }
    if (failure != 0) {
        free_host(host);
        errno = failure;
        return NULL;
    }
    return host;
}

void tcp_host_free(struct tcp_host *host)
{
    if (host == NULL) {
        return;
    }

    pthread_mutex_lock(&host->lock);
    host->stopping = true;
    host_wake_waiters(host);
    while (!list_is_empty(&host->waiters)) {
        pthread_cond_wait(&host->no_more_waiters, &host->lock);
    }
    pthread_mutex_unlock(&host->lock);

    loop_wake(host->loop);
    pthread_join(host->pump, NULL);
    while (!list_is_empty(&host->handles)) {
        struct handle *handle = CONTAINER_OF(host->handles.next, struct handle, link);

        list_remove(&handle->link);
        free(handle);
    }
    free_host(host);
}

uint32_t tcp_host_address(const struct tcp_host *host)
{
    return host->address;
}

struct stack_counters tcp_host_counters(struct tcp_host *host)
{
    pthread_mutex_lock(&host->lock);
    struct stack_counters counters = stack_counters(host->stack);
    pthread_mutex_unlock(&host->lock);
    return counters;
}
