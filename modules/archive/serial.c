/* serial.c - tar and 7z by libarchive: entries in the order of the archive. What a tar is compressed by is not its affair: the
 * filters of libarchive do not look at the checksums of gzip, so such bytes come from an ArchiveSource. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"

enum { BLOCK = 256 << 10, TAR_BLOCK = 512 };

typedef struct Serial {
  struct archive *archive;
  int fd; /* -1: the bytes come from source */
  ArchiveSource source;
  uint64_t at; /* source.read_at */
  int (*trouble)(void);
  uint64_t next;        /* number of the entry behind the one that we are in */
  uint64_t given, size; /* bytes of the entry; size -1: it does not say */
  uint64_t taken;
  char block[BLOCK];
} Serial;

/* ---- reading the file ---- */

static la_ssize_t read_source(struct archive *archive, void *self, const void **block) {
  Serial *serial = self;
  bool any = serial->source.read_at;
  int64_t n = any ? serial->source.read_at(serial->source.self, serial->at, serial->block, BLOCK) : serial->source.read(serial->source.self, serial->block, BLOCK);
  if (any && n > 0) serial->at += (uint64_t)n;
  *block = serial->block;
  if (n < 0) archive_set_error(archive, EIO, "reading failed");
  return n < 0 ? ARCHIVE_FATAL : n;
}

static la_ssize_t read_block(struct archive *archive, void *self, const void **block) {
  Serial *serial = self;
  ssize_t n;
  int error;
  do {
    error = serial->trouble();
    n = error ? -1 : read(serial->fd, serial->block, BLOCK);
  } while (!error && n < 0 && errno == EINTR);
  if (n < 0) {
    archive_set_error(archive, error ? error : errno, "%s", strerror(error ? error : errno));
    return ARCHIVE_FATAL;
  }
  serial->taken += (uint64_t)n;
  *block = serial->block;
  return n;
}

static la_int64_t skip_bytes(struct archive *archive, void *self, la_int64_t count) {
  Serial *serial = self;
  (void)archive;
  if (serial->source.read_at) {
    uint64_t left = serial->at < serial->source.size ? serial->source.size - serial->at : 0, step = (uint64_t)count < left ? (uint64_t)count : left;
    serial->at += step;
    return (la_int64_t)step;
  }
  off_t here = lseek(serial->fd, 0, SEEK_CUR), end = lseek(serial->fd, 0, SEEK_END);
  if (here < 0 || end < 0) return 0; /* then libarchive reads on */
  off_t to = end - here < count ? end : here + count;
  return lseek(serial->fd, to, SEEK_SET) < 0 ? 0 : to - here;
}

static la_int64_t seek_to(struct archive *archive, void *self, la_int64_t offset, int from) {
  Serial *serial = self;
  if (serial->source.read_at) {
    la_int64_t base = from == SEEK_SET ? 0 : (la_int64_t)(from == SEEK_CUR ? serial->at : serial->source.size);
    if (base + offset < 0) return ARCHIVE_FATAL;
    serial->at = (uint64_t)(base + offset);
    return base + offset;
  }
  off_t now = lseek(serial->fd, offset, from);
  if (now >= 0) return now;
  archive_set_error(archive, errno, "%s", strerror(errno));
  return ARCHIVE_FATAL;
}

static void serial_close(void *self) {
  Serial *serial = self;
  archive_read_free(serial->archive);
  if (serial->fd >= 0) close(serial->fd);
  free(serial);
}

static bool set_up(Serial *serial) {
  struct archive *archive = serial->archive;
  bool file = serial->fd >= 0, any = file || serial->source.read_at;
  if (archive_read_support_format_tar(archive) != ARCHIVE_OK || archive_read_support_format_7zip(archive) == ARCHIVE_FATAL) return false;
  archive_read_set_callback_data(archive, serial);
  archive_read_set_read_callback(archive, file ? read_block : read_source);
  if (any) archive_read_set_skip_callback(archive, skip_bytes);
  if (any) archive_read_set_seek_callback(archive, seek_to);
  return archive_read_open1(archive) == ARCHIVE_OK;
}

static void *serial_open(const char *path, const ArchiveSource *source, int (*trouble)(void), bool whole, char *reason) {
  Serial *serial = calloc(1, sizeof *serial);
  (void)whole;
  if (!serial) {
    put_reason(reason, "no memory");
    return NULL;
  }
  *serial = (Serial){.trouble = trouble, .archive = archive_read_new(), .fd = source ? -1 : open(path, O_RDONLY | O_CLOEXEC)};
  if (source) serial->source = *source;
  if (!serial->archive || (!source && serial->fd < 0)) put_reason(reason, serial->archive ? strerror(errno) : "no memory");
  else if (set_up(serial)) return serial;
  else put_reason(reason, archive_error_string(serial->archive));
  serial_close(serial);
  return NULL;
}

/* ---- entries ---- */

/* A tar that was cut between two entries looks complete but for the blocks of zeros that end it. */
static ArchiveStep check_end(Serial *serial, char *reason) {
  bool tar = (archive_format(serial->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  if (!tar || archive_filter_bytes(serial->archive, 0) - archive_read_header_position(serial->archive) >= TAR_BLOCK) return STEP_END;
  put_reason(reason, "the end mark is missing: truncated?");
  return STEP_FAILED;
}

static ArchiveStep next_header(Serial *serial, struct archive_entry **entry, char *reason) {
  int result = archive_read_next_header(serial->archive, entry);
  if (result == ARCHIVE_EOF) return check_end(serial, reason);
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
    put_reason(reason, archive_error_string(serial->archive));
    return STEP_FAILED;
  }
  serial->next++;
  serial->given = 0;
  serial->size = archive_entry_size_is_set(*entry) ? (uint64_t)archive_entry_size(*entry) : UINT64_MAX;
  return STEP_ENTRY;
}

static const char *first_of(const char *a, const char *b) { return a ? a : b; }

static ArchiveStep serial_next(void *self, ArchiveEntry *out, char *reason) {
  Serial *serial = self;
  struct archive_entry *entry;
  ArchiveStep step = next_header(serial, &entry, reason);
  if (step != STEP_ENTRY) return step;
  const char *link = first_of(archive_entry_hardlink_utf8(entry), archive_entry_hardlink(entry));
  unsigned type = archive_entry_filetype(entry);
  *out = (ArchiveEntry){.number = serial->next - 1, .size = serial->size == UINT64_MAX ? 0 : serial->size};
  out->name = first_of(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
  out->target = link ? link : first_of(archive_entry_symlink_utf8(entry), archive_entry_symlink(entry));
  out->kind = link ? ENTRY_LINK : type == AE_IFREG ? ENTRY_FILE : type == AE_IFDIR ? ENTRY_FOLDER : type == AE_IFLNK ? ENTRY_SYMBOLIC : ENTRY_OTHER;
  if (link && out->size) out->kind = ENTRY_FILE; /* it brings its content along */
  if (out->name) return STEP_ENTRY;
  put_reason(reason, "an entry without a readable name");
  return STEP_FAILED;
}

static ArchiveStep serial_go(void *self, uint64_t number, char *reason) {
  Serial *serial = self;
  struct archive_entry *entry = NULL;
  if (number < serial->next) return STEP_END;
  while (serial->next <= number) {
    ArchiveStep step = next_header(serial, &entry, reason);
    if (step != STEP_ENTRY) return step;
  }
  if (!archive_entry_is_encrypted(entry)) return STEP_ENTRY;
  put_reason(reason, "it is encrypted");
  return STEP_FAILED;
}

static int64_t serial_read(void *self, char *data, size_t size, char *reason) {
  Serial *serial = self;
  la_ssize_t n = archive_read_data(serial->archive, data, size);
  bool short_entry = n == 0 && serial->size != UINT64_MAX && serial->given != serial->size;
  if (n < 0 || short_entry) {
    put_reason(reason, n < 0 ? archive_error_string(serial->archive) : "the entry is shorter than its header says");
    return -1;
  }
  serial->given += (uint64_t)n;
  return n;
}

static uint64_t serial_taken(void *self) { return ((Serial *)self)->taken; }

const ArchiveBackend serial_backend = {false, serial_open, serial_next, serial_go, serial_read, serial_taken, serial_close};
