#include "tcp_config.h"

struct tcp_config tcp_config_default(void)
{
    return (struct tcp_config){
        .mss = 1460,
        .recv_capacity = 65535,
        .send_capacity = 65535,
        .isn = {0},
        .rto_initial_ms = 1000,
        .rto_min_ms = 1000,
        .rto_max_ms = 60000,
        .rto_after_syn_loss_ms = 3000,
        /* 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 s until the eighth retransmission: beyond the 100 s of
         * SHLD-11 and the three minutes of MUST-23. */
        .max_retransmissions = 8,
        .max_syn_retransmissions = 8,
        .user_timeout_ms = 300000,
        .msl_ms = 120000,
        .ack_delay_ms = 40,
        .sws_override_ms = 200,
        .nagle = true,
    };
}
