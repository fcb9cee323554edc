/* archive.c - the module for archives, and the bytes of their entries. */
#include "io/archive.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/module.h"
#include "io/archive_internal.h"
#include "io/path.h"
#include "io/stream.h"

/* ---- names ---- */

static const char *const suffixes[] = {".zip", ".tar", ".tgz", ".tar.gz", ".tbz", ".tbz2", ".tar.bz2", ".txz",
                                       ".tar.xz", ".tzst", ".tar.zst", ".tar.zstd", ".tlz4", ".tar.lz4", ".tar.sz", ".tar.snappy", ".7z"};

static bool ends_in(Str path, const char *suffix) {
  size_t len = strlen(suffix);
  return path.len > len && str_eq_nocase(str_make(path.data + path.len - len, len), str_of(suffix));
}

bool archive_is_name(Str path) {
  path = remote_name(path);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (ends_in(path, suffixes[i])) return true;
  return false;
}

bool archive_is_serial(Str path) { return !ends_in(remote_name(path), ".zip"); }

/* Does it come in order, by a stream: compressed ones, and tars from servers? */
static bool is_streamed(const InputFile *file) {
  Str name = remote_name(file->path);
  return archive_is_serial(name) && !ends_in(name, ".7z") && (file->remote || !ends_in(name, ".tar"));
}

/* ---- the module ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the shelf */

DcCode archive_backend(Str path, const ArchiveBackend **out, DcError *err) {
  static Module archive = {.name = "archive", .symbol = "dcetl_archive_module", .version = ARCHIVE_MODULE_VERSION, .what = "archives (zip, tar, 7z)",
                           .package = "libarchive and libzip (Debian: libarchive13, libzip4)"};
  const void *found;
  DC_TRY(module_need(&archive, &found, err));
  const ArchiveModule *module = found;
  *out = archive_is_serial(path) ? module->serial : module->zip;
  return DC_OK;
}

static int trouble(void) { return interrupt_asked() ? EINTR : fault_due() ? EIO : 0; }

DcCode archive_fail(const ArchiveHandle *handle, Str path, const char *reason, DcError *err) {
  if (interrupt_asked()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  if (handle->err.code == DC_OK) return dc_fail(err, "%.*s: the archive cannot be read (%s)", STR_ARG(path), reason);
  *err = handle->err;
  return err->code;
}

/* ---- open archives ---- */

static int64_t read_source(void *self, char *data, size_t size) {
  ArchiveHandle *handle = self;
  size_t got;
  return stream_read(handle->stream, data, size, &got, &handle->err) == DC_OK ? (int64_t)got : -1;
}

static int64_t read_bytes(void *self, uint64_t offset, char *data, size_t size) {
  ArchiveHandle *handle = self;
  uint64_t got;
  return bytes_read_at(handle->bytes, offset, data, size, &got, &handle->err) == DC_OK ? (int64_t)got : -1;
}

/* How the module gets the bytes, other than from the file itself: *given. */
static DcCode open_source(ArchiveHandle *handle, const InputFile *file, ArchiveSource *source, bool *given, DcError *err) {
  *given = is_streamed(file) || file->remote;
  *source = (ArchiveSource){.self = handle};
  if (is_streamed(file)) {
    Codec codec = codec_by_suffix(remote_name(file->path));
    bool plain = ends_in(remote_name(file->path), ".tar");
    InputFile bytes = *file; /* .tgz: by its first bytes */
    bytes.codec = codec;
    bytes.codec_named = codec != CODEC_NONE || plain;
    bytes.regular = file->remote && file->regular && bytes.codec_named;
    source->read = read_source;
    return stream_open(&bytes, 0, UINT64_MAX, &handle->stream, err);
  }
  if (!*given) return DC_OK;
  if (!file->regular) {
    dc_fail(err, "%.*s: the server gives no parts of the archive", STR_ARG(file->path));
    dc_hint(err, "fetch it first, or take a .tar.gz");
    return err->code;
  }
  source->read_at = read_bytes;
  source->size = file->size;
  return bytes_open(file, &handle->bytes, err);
}

DcCode archive_open(ArchiveHandle *handle, const InputFile *file, bool whole, DcError *err) {
  char reason[ARCHIVE_REASON] = "", *name;
  ArchiveSource source;
  bool given;
  *handle = (ArchiveHandle){.backend = NULL};
  DC_TRY(archive_backend(file->path, &handle->backend, err));
  DC_TRY(open_source(handle, file, &source, &given, err));
  name = path_copy(file->path);
  handle->archive = handle->backend->open(name, given ? &source : NULL, trouble, whole, reason);
  dc_free(name);
  if (handle->archive) return DC_OK;
  archive_fail(handle, file->path, reason, err);
  archive_close(handle);
  return err->code;
}

DcCode archive_drain(ArchiveHandle *handle, DcError *err) {
  enum { STEP = 64 << 10 };
  if (!handle->stream) return DC_OK;
  char *data = dc_realloc(NULL, STEP);
  DcCode code = DC_OK;
  for (size_t got = 1; got && code == DC_OK;) code = stream_read(handle->stream, data, STEP, &got, err);
  dc_free(data);
  return code;
}

uint64_t archive_taken(const ArchiveHandle *handle) {
  if (handle->stream) return stream_bytes(handle->stream);
  if (handle->bytes) return bytes_taken(handle->bytes);
  return handle->archive ? handle->backend->taken(handle->archive) : 0;
}

void archive_close(ArchiveHandle *handle) {
  if (handle->archive) handle->backend->close(handle->archive);
  handle->archive = NULL;
  stream_close(handle->stream);
  handle->stream = NULL;
  bytes_close(handle->bytes);
  handle->bytes = NULL;
}

/* ---- readers and the shelf ---- */

/* KEPT: the first bytes of an entry, given again to who looked at its head and opens it a second time. */
enum { KEPT = 512 << 10, SHELF = 4 };

struct EntryReader {
  char *path; /* of the entry; the first archive.path.len bytes are the archive's */
  InputFile archive; /* its texts are path and version */
  char *version;
  struct stat status; /* of an archive on the disk, to know it again */
  ArchiveHandle handle;
  uint64_t number;
  char *kept;
  size_t kept_len, given;
  bool all_kept; /* kept has all that was read of the entry */
  uint64_t taken_before;
};

/* Those that are done, the last one first; guarded by lock. They only save time. */
static EntryReader *shelf[SHELF];

static void free_reader(EntryReader *reader) {
  if (!reader) return;
  archive_close(&reader->handle);
  dc_free(reader->kept);
  dc_free(reader->path);
  dc_free(reader->version);
  dc_free(reader);
}

void entry_close(EntryReader *reader) {
  if (!reader) return;
  EntryReader *last = reader;
  if (reader->handle.archive) {
    pthread_mutex_lock(&lock);
    last = shelf[SHELF - 1];
    memmove(shelf + 1, shelf, (SHELF - 1) * sizeof *shelf);
    shelf[0] = reader;
    pthread_mutex_unlock(&lock);
  }
  free_reader(last);
}

void entry_clear_shelf(void) {
  EntryReader *waiting[SHELF];
  pthread_mutex_lock(&lock);
  memcpy(waiting, shelf, sizeof waiting);
  memset(shelf, 0, sizeof shelf);
  pthread_mutex_unlock(&lock);
  for (size_t i = 0; i < SHELF; i++) free_reader(waiting[i]);
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool same_archive(const EntryReader *reader, const InputFile *file, const struct stat *status) {
  if (!file->remote) return !reader->archive.remote && same_file(&reader->status, status);
  return reader->archive.remote == file->remote && str_eq(reader->archive.path, str_make(file->path.data, file->archive_len)) &&
         strcmp(reader->version, file->version ? file->version : "") == 0;
}

/* Can the reader give the entry without beginning anew? */
static bool can_give(const EntryReader *reader, uint64_t number) {
  return reader->handle.backend->any_order || reader->number < number || (reader->number == number && reader->all_kept);
}

/* The reader of an archive that has the least way to the entry; NULL: there is none. */
static EntryReader *take_from_shelf(const InputFile *file, const struct stat *status) {
  size_t found = SHELF;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < SHELF; i++) {
    if (!shelf[i] || !same_archive(shelf[i], file, status) || !can_give(shelf[i], file->entry)) continue;
    if (found == SHELF || shelf[i]->number > shelf[found]->number) found = i;
  }
  EntryReader *reader = found < SHELF ? shelf[found] : NULL;
  if (reader) shelf[found] = NULL;
  pthread_mutex_unlock(&lock);
  return reader;
}

/* What failed leaves nothing on the shelf. */
static DcCode give_up(EntryReader *reader, const char *reason, DcError *err) {
  archive_fail(&reader->handle, str_of(reader->path), reason, err);
  archive_close(&reader->handle);
  return err->code;
}

static DcCode go(EntryReader *reader, DcError *err) {
  char reason[ARCHIVE_REASON] = "";
  ArchiveHandle *handle = &reader->handle;
  if (!handle->archive) DC_TRY(archive_open(handle, &reader->archive, false, err));
  reader->taken_before = archive_taken(handle);
  ArchiveStep step = handle->backend->go(handle->archive, reader->number, reason);
  return step == STEP_ENTRY ? DC_OK : give_up(reader, step == STEP_END ? "the archive has changed meanwhile" : reason, err);
}

/* Makes the reader one of this entry, which it can give. */
static DcCode place(EntryReader *reader, const InputFile *file, DcError *err) {
  bool again = reader->handle.archive && reader->number == file->entry && reader->all_kept;
  char *path = path_copy(file->path), *version = path_copy(str_of(file->version));
  dc_free(reader->path);
  dc_free(reader->version);
  reader->path = path;
  reader->version = version;
  reader->archive = input_archive(file);
  reader->archive.path.data = path;
  reader->archive.version = version;
  reader->number = file->entry;
  reader->given = 0;
  if (again) return DC_OK;
  reader->kept_len = 0;
  reader->all_kept = true;
  return go(reader, err);
}

DcCode entry_open(const InputFile *file, EntryReader **out, DcError *err) {
  struct stat status = {0};
  Str archive = str_make(file->path.data, file->archive_len);
  char *name = path_copy(archive);
  int error = file->remote || stat(name, &status) == 0 ? 0 : errno;
  dc_free(name);
  if (error) return dc_fail_errno(err, error, "cannot open %.*s", STR_ARG(archive));
  EntryReader *reader = take_from_shelf(file, &status);
  if (!reader) {
    reader = dc_alloc(sizeof *reader);
    reader->status = status;
  }
  DcCode code = place(reader, file, err);
  if (code == DC_OK) *out = reader;
  else free_reader(reader);
  return code;
}

static void keep(EntryReader *reader, const char *data, size_t len) {
  if (!reader->all_kept) return;
  reader->all_kept = len <= KEPT - reader->kept_len;
  if (!reader->all_kept) return;
  if (!reader->kept) reader->kept = dc_realloc(NULL, KEPT);
  memcpy(reader->kept + reader->kept_len, data, len);
  reader->kept_len += len;
  reader->given += len;
}

DcCode entry_read(EntryReader *reader, char *data, size_t size, size_t *got, DcError *err) {
  char reason[ARCHIVE_REASON] = "";
  *got = 0;
  if (reader->all_kept && reader->given < reader->kept_len) {
    *got = reader->kept_len - reader->given < size ? reader->kept_len - reader->given : size;
    memcpy(data, reader->kept + reader->given, *got);
    reader->given += *got;
    return DC_OK;
  }
  int64_t n = reader->handle.backend->read(reader->handle.archive, data, size, reason);
  if (n < 0) return give_up(reader, reason, err);
  *got = (size_t)n;
  keep(reader, data, *got);
  return DC_OK;
}

uint64_t entry_taken(const EntryReader *reader) { return archive_taken(&reader->handle) - reader->taken_before; }
