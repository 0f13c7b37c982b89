#define _GNU_SOURCE
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_keeping_errno(int fd)
{
    int reason = errno;

    close(fd);
    errno = reason;
}

int tun_open(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    size_t length = strlen(name);

    if (length == 0 || length >= IFNAMSIZ) {
        errno = EINVAL;
        return -1;
    }
    memcpy(request.ifr_name, name, length);

    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

int tun_mtu(int fd)
{
    struct ifreq request = {0};

    if (ioctl(fd, TUNGETIFF, &request) < 0) {
        return -1;
    }

    int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any_socket < 0) {
        return -1;
    }
    int result = ioctl(any_socket, SIOCGIFMTU, &request);
    close_keeping_errno(any_socket);
    return result < 0 ? -1 : request.ifr_mtu;
}
