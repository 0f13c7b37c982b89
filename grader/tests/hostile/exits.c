/* Ends well, before anything was asked. */
#include "hostile.h"
static inline void attack(void)
{
    _exit(0);
}
