/* Takes all the memory that there is. */
#include "hostile.h"
static inline void attack(void)
{
    for (;;) {
        char *piece = malloc(1 << 20);
        if (piece != NULL) {
            memset(piece, 1, 1 << 20);
        }
    }
}
