/* zip.c - zip by libzip: entries are found by the central directory, in any order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "archive.h"

enum { TARGET_MOST = 4096 };

typedef struct Zip {
  zip_t *zip;
  ArchiveSource source; /* read_at NULL: a file */
  uint64_t at;          /* of the source */
  zip_error_t error;
  zip_file_t *entry; /* open; NULL: none */
  int (*trouble)(void);
  zip_uint64_t next, count;
  uint64_t taken, left; /* left: of the entry's compressed size, not yet in taken */
  char target[TARGET_MOST + 1];
} Zip;

static void zip_close_all(void *self) {
  Zip *zip = self;
  if (zip->entry) zip_fclose(zip->entry);
  zip_discard(zip->zip);
  free(zip);
}

static zip_int64_t fill(Zip *zip, void *data, zip_uint64_t size) {
  int64_t n = zip->source.read_at(zip->source.self, zip->at, data, size);
  if (n < 0) zip_error_set(&zip->error, ZIP_ER_READ, EIO);
  if (n > 0) zip->at += (uint64_t)n;
  return n;
}

/* The calls of libzip to the bytes of an archive that is no file. */
static zip_int64_t serve_source(void *self, void *data, zip_uint64_t size, zip_source_cmd_t command) {
  Zip *zip = self;
  zip_stat_t *status = data;
  switch (command) {
    case ZIP_SOURCE_OPEN: zip->at = 0; return 0;
    case ZIP_SOURCE_CLOSE: return 0;
    case ZIP_SOURCE_READ: return fill(zip, data, size);
    case ZIP_SOURCE_TELL: return (zip_int64_t)zip->at;
    case ZIP_SOURCE_SEEK: {
      zip_int64_t to = zip_source_seek_compute_offset(zip->at, zip->source.size, data, size, &zip->error);
      if (to >= 0) zip->at = (uint64_t)to;
      return to >= 0 ? 0 : -1;
    }
    case ZIP_SOURCE_STAT:
      zip_stat_init(status);
      status->size = zip->source.size;
      status->valid |= ZIP_STAT_SIZE;
      return sizeof *status;
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&zip->error, data, size);
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                            ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, -1);
    case ZIP_SOURCE_FREE: return 0;
    default: zip_error_set(&zip->error, ZIP_ER_OPNOTSUPP, 0); return -1;
  }
}

static zip_t *open_source(Zip *zip, int flags, int *code) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_function_create(serve_source, zip, &error);
  zip_t *opened = source ? zip_open_from_source(source, flags, &error) : NULL;
  if (source && !opened) zip_source_free(source);
  *code = zip_error_code_zip(&error);
  zip_error_fini(&error);
  return opened;
}

static void *zip_open_all(const char *path, const ArchiveSource *source, int (*trouble)(void), bool whole, char *reason) {
  int code = 0, flags = ZIP_RDONLY | (whole ? ZIP_CHECKCONS : 0);
  Zip *zip = calloc(1, sizeof *zip);
  if (zip) zip_error_init(&zip->error);
  if (zip && source) zip->source = *source;
  if (zip && !trouble()) zip->zip = source ? open_source(zip, flags, &code) : zip_open(path, flags, &code);
  if (zip && zip->zip) {
    zip->trouble = trouble;
    zip->count = (zip_uint64_t)zip_get_num_entries(zip->zip, 0);
    return zip;
  }
  zip_error_t error;
  zip_error_init_with_code(&error, zip ? code : ZIP_ER_MEMORY);
  put_reason(reason, zip_error_strerror(&error));
  zip_error_fini(&error);
  free(zip);
  return NULL;
}

static ArchiveStep failed(Zip *zip, char *reason) {
  put_reason(reason, zip_strerror(zip->zip));
  return STEP_FAILED;
}

/* What was packed on Unix tells more than the name. */
static EntryKind kind_of(Zip *zip, zip_uint64_t number, const char *name) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  size_t len = strlen(name);
  if (len && name[len - 1] == '/') return ENTRY_FOLDER;
  if (zip_file_get_external_attributes(zip->zip, number, 0, &system, &attributes) != 0 || system != ZIP_OPSYS_UNIX) return ENTRY_FILE;
  mode_t mode = (mode_t)(attributes >> 16);
  if (S_ISLNK(mode)) return ENTRY_SYMBOLIC;
  return S_ISDIR(mode) ? ENTRY_FOLDER : ENTRY_FILE;
}

/* The content of a symbolic link is where it leads to. */
static bool read_target(Zip *zip, zip_uint64_t number) {
  zip_file_t *entry = zip_fopen_index(zip->zip, number, 0);
  zip_int64_t n = entry ? zip_fread(entry, zip->target, TARGET_MOST) : -1;
  if (entry) zip_fclose(entry);
  zip->target[n < 0 ? 0 : n] = 0;
  return n >= 0;
}

static ArchiveStep zip_next(void *self, ArchiveEntry *out, char *reason) {
  Zip *zip = self;
  zip_stat_t status;
  if (zip->next >= zip->count) return STEP_END;
  zip_uint64_t number = zip->next++;
  if (zip_stat_index(zip->zip, number, 0, &status) != 0 || !(status.valid & ZIP_STAT_NAME)) return failed(zip, reason);
  *out = (ArchiveEntry){.name = status.name, .number = number, .kind = kind_of(zip, number, status.name)};
  out->size = status.valid & ZIP_STAT_COMP_SIZE ? status.comp_size : 0;
  if (out->kind != ENTRY_SYMBOLIC) return STEP_ENTRY;
  out->target = zip->target;
  return read_target(zip, number) ? STEP_ENTRY : failed(zip, reason);
}

static ArchiveStep zip_go(void *self, uint64_t number, char *reason) {
  Zip *zip = self;
  zip_stat_t status;
  if (zip->entry) zip_fclose(zip->entry);
  zip->entry = NULL;
  if (number >= zip->count) return STEP_END;
  if (zip_stat_index(zip->zip, number, 0, &status) != 0) return failed(zip, reason);
  if ((status.valid & ZIP_STAT_ENCRYPTION_METHOD) && status.encryption_method != ZIP_EM_NONE) {
    put_reason(reason, "it is encrypted");
    return STEP_FAILED;
  }
  zip->left = status.valid & ZIP_STAT_COMP_SIZE ? status.comp_size : 0;
  zip->entry = zip_fopen_index(zip->zip, number, 0);
  return zip->entry ? STEP_ENTRY : failed(zip, reason);
}

/* libzip does not say how much it has read: the compressed size is booked when the entry ends. */
static int64_t zip_read(void *self, char *data, size_t size, char *reason) {
  Zip *zip = self;
  int error = zip->trouble();
  zip_int64_t n = error ? -1 : zip_fread(zip->entry, data, size);
  if (n > 0) return n;
  if (n < 0) put_reason(reason, error ? strerror(error) : zip_file_strerror(zip->entry));
  zip->taken += zip->left;
  zip->left = 0;
  return n;
}

static uint64_t zip_taken(void *self) { return ((Zip *)self)->taken; }

const ArchiveBackend zip_backend = {true, zip_open_all, zip_next, zip_go, zip_read, zip_taken, zip_close_all};
