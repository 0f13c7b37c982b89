/*
 * Writes packets to a file that Wireshark and tcpdump read: the classic pcap format, whose packets
 * here begin with the IPv4 header (link type 101, "raw IP").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcap_writer;

/* Begins a new file, replacing one that is there. What is no regular file, such as a pipe, gets
 * each packet at once: somebody is looking on. NULL with errno if that fails. */
struct pcap_writer *pcap_writer_open(const char *path);

/* Appends one packet, seen `time_us` microseconds after 1970 began. Errors show at the end. */
void pcap_writer_add(struct pcap_writer *writer, uint64_t time_us, const uint8_t *packet,
                     size_t len);

/* Ends the file and frees the writer. False with errno if anything could not be written. NULL is
 * allowed and ignored. */
bool pcap_writer_close(struct pcap_writer *writer);
