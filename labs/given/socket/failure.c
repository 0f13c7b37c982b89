#include "failure.h"

#include <errno.h>

int connection_failure(const struct tcp_connection *connection)
{
    switch (tcp_connection_error(connection)) {
    case TCP_ERROR_REFUSED:
        return ECONNREFUSED;
    case TCP_ERROR_RESET:
        return ECONNRESET;
    case TCP_ERROR_TIMED_OUT:
        return ETIMEDOUT;
    case TCP_ERROR_ABORTED:
        return ECONNABORTED;
    case TCP_ERROR_NONE:
        break;
    }
    return 0;
}
