/*
 * TUN: a network interface whose far end is a file descriptor.
 *
 *      kernel's TCP ── routing ── tun0 ╎ fd ── our stack
 *
 * A read takes one IPv4 packet that the kernel routed to the interface; a write hands the kernel
 * one that seems to have arrived there. Nothing stands before the packet (IFF_NO_PI).
 */
#pragma once

#include <stddef.h>

/* Attaches to the TUN interface `name`, or makes one of that name if there is none (this needs
 * CAP_NET_ADMIN). The descriptor is the caller's to close, and non-blocking.
 * -1 with errno: EBUSY (another program holds it), EPERM, EINVAL (bad name, or not a TUN
 * interface), or what open("/dev/net/tun") said. */
int tun_open(const char *name);

/* The interface's MTU in bytes. -1 with errno if `fd` is no TUN descriptor, or if its interface
 * lies in another network namespace. */
int tun_mtu(int fd);
