/* Why a connection ended, as an errno value. */
#pragma once

#include "connection.h"

/* ECONNREFUSED, ECONNRESET, ETIMEDOUT or ECONNABORTED; 0 if it did not end, or in order. */
int connection_failure(const struct tcp_connection *connection);
