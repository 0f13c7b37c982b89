#define _POSIX_C_SOURCE 200809L

#include "pcap_writer.h"

#include <stdio.h>
#include <stdlib.h>

enum { SNAPSHOT_LENGTH = 65535, LINKTYPE_RAW = 101 };

struct pcap_writer {
    FILE *file;
};

/* Both records are in the byte order of the writing machine: readers tell it from the magic. */
struct file_header {
    uint32_t magic;
    uint16_t version_major, version_minor;
    int32_t time_zone;
    uint32_t accuracy;
    uint32_t snapshot_length;
    uint32_t link_type;
};

struct packet_header {
    uint32_t seconds, microseconds;
    uint32_t captured, length;
};

struct pcap_writer *pcap_writer_open(const char *path)
{
    const struct file_header header = {
        .magic = 0xa1b2c3d4,
        .version_major = 2,
        .version_minor = 4,
        .snapshot_length = SNAPSHOT_LENGTH,
        .link_type = LINKTYPE_RAW,
    };
    struct pcap_writer *writer = malloc(sizeof *writer);

    if (writer == NULL) {
        return NULL;
    }
    writer->file = fopen(path, "wb");
    if (writer->file == NULL) {
        free(writer);
        return NULL;
    }
    fwrite(&header, sizeof header, 1, writer->file);
    fflush(writer->file);
    return writer;
}

void pcap_writer_add(struct pcap_writer *writer, uint64_t time_us, const uint8_t *packet,
                     size_t len)
{
    size_t captured = len < SNAPSHOT_LENGTH ? len : SNAPSHOT_LENGTH;
    const struct packet_header header = {
        .seconds = (uint32_t)(time_us / 1000000),
        .microseconds = (uint32_t)(time_us % 1000000),
        .captured = (uint32_t)captured,
        .length = (uint32_t)len,
    };

    fwrite(&header, sizeof header, 1, writer->file);
    fwrite(packet, 1, captured, writer->file);
    fflush(writer->file); /* somebody may be watching, and however we end, what was seen is kept */
}

bool pcap_writer_close(struct pcap_writer *writer)
{
    if (writer == NULL) {
        return true;
    }

    bool failed = ferror(writer->file) != 0;
    failed |= fclose(writer->file) != 0;
    free(writer);
    return !failed;
}
