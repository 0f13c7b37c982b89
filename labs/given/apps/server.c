#define _GNU_SOURCE
#include "server.h"

#include "app.h"
#include "list.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct server {
    struct tcp_listener *listener;
    conversation *talk;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t visitor_left;
    struct list visitors;
};

struct visitor {
    struct list link;
    struct server *server;
    struct tcp_socket *socket;
};

static sigset_t stop_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1); /* our own: nothing is left to wait for */
    return signals;
}

void serve_prepare(void)
{
    sigset_t signals = stop_signals();

    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/* Waits for a signal, and then makes tcp_accept return. */
static void *wait_for_signal(void *argument)
{
    struct server *server = argument;
    sigset_t signals = stop_signals();
    int number;

    sigwait(&signals, &number);
    tcp_listener_stop(server->listener);
    return NULL;
}

static void leave(struct visitor *visitor)
{
    struct server *server = visitor->server;

    pthread_mutex_lock(&server->lock);
    list_remove(&visitor->link);
    tcp_close(visitor->socket);
    pthread_cond_signal(&server->visitor_left);
    pthread_mutex_unlock(&server->lock);
    free(visitor);
}

static void *visit(void *argument)
{
    struct visitor *visitor = argument;

    visitor->server->talk(visitor->socket, visitor->server->context);
    leave(visitor);
    return NULL;
}

static void welcome(struct server *server, struct tcp_socket *socket)
{
    struct visitor *visitor = malloc(sizeof *visitor);
    pthread_t thread;

    if (visitor == NULL) {
        tcp_abort(socket);
        tcp_close(socket);
        return;
    }
    *visitor = (struct visitor){.server = server, .socket = socket};
    pthread_mutex_lock(&server->lock);
    list_append(&server->visitors, &visitor->link);
    pthread_mutex_unlock(&server->lock);

    int failure = pthread_create(&thread, NULL, visit, visitor);
    if (failure != 0) {
        complain("no thread for a connection: %s", strerror(failure));
        tcp_abort(socket);
        leave(visitor);
        return;
    }
    pthread_detach(thread);
}

static void say_goodbye(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct list *link = server->visitors.next; link != &server->visitors; link = link->next) {
        tcp_abort(CONTAINER_OF(link, struct visitor, link)->socket);
    }
    while (!list_is_empty(&server->visitors)) {
        pthread_cond_wait(&server->visitor_left, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

int serve(struct tcp_listener *listener, conversation *talk, void *context)
{
    struct server server = {.listener = listener, .talk = talk, .context = context};
    struct tcp_socket *socket;
    pthread_t signal_thread;

    pthread_mutex_init(&server.lock, NULL);
    pthread_cond_init(&server.visitor_left, NULL);
    list_init(&server.visitors);
    int failure = pthread_create(&signal_thread, NULL, wait_for_signal, &server);
    if (failure != 0) {
        return failure;
    }
    while ((socket = tcp_accept(listener)) != NULL) {
        welcome(&server, socket);
    }
    failure = errno == ECONNABORTED ? 0 : errno;
    pthread_kill(signal_thread, SIGUSR1); /* it may have been the wire */
    pthread_join(signal_thread, NULL);
    tcp_listener_close(listener);
    say_goodbye(&server);
    pthread_cond_destroy(&server.visitor_left);
    pthread_mutex_destroy(&server.lock);
    return failure;
}
