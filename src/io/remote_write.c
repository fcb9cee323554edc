/* remote_write.c - objects on their way to a store.
 *
 * A writer collects one part at a time: in a buffer, or where memory is short in the temporary file, in pieces (their room is given
 * back to the file system when the part is on its way). Parts on their way count as memory, too, and whoever needs more waits for
 * them; only where none is on its way something has to go to the temporary file.
 */
#include "io/remote_write.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/path.h"

enum { PART = 8 << 20, LEAST_BUFFER = 64 << 10, GROWTH = 4, AT_ONCE = 8, PARTS_OF_A_SIZE = 1000 };

struct RemoteSet {
  Remote *remote;
  RemoteLimits limits;
  const char *temp_dir;
  uint64_t room, part; /* bytes of all buffers; of a part, first */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  uint64_t buffered;
  size_t on_way; /* parts */
  DcError failed; /* the first of what runs in the background */
  atomic_bool stopping;
  int spill; /* -1: none */
  uint64_t spill_end;
};

/* Where bytes of a part lie in the temporary file. */
typedef struct Piece {
  uint64_t offset, size;
} Piece;

struct RemoteWriter {
  RemoteSet *set;
  char *url;
  const char *content_type;
  Slab *slab;     /* NULL: none */
  uint64_t len;   /* bytes in it */
  Piece *pieces;  /* what comes before them, in the temporary file */
  size_t piece_count, piece_cap;
  uint64_t spilled;
  RemoteUpload *upload;
  uint32_t parts;
  size_t on_way;  /* under the set's lock */
};

RemoteSet *remote_set_new(Remote *remote, const char *temp_dir) {
  RemoteSet *set = dc_alloc(sizeof *set);
  *set = (RemoteSet){.remote = remote, .temp_dir = temp_dir && *temp_dir ? temp_dir : "/tmp", .room = remote_room(), .part = PART, .spill = -1};
  remote_module(remote)->limits(remote_store(remote), &set->limits);
  if (set->part > set->room / 4) set->part = set->room / 4;
  if (set->part < set->limits.part_min) set->part = set->limits.part_min;
  if (set->limits.part_max && set->part > set->limits.part_max) set->part = set->limits.part_max;
  if (!set->part) set->part = 1 << 20;
  pthread_mutex_init(&set->lock, NULL);
  pthread_cond_init(&set->changed, NULL);
  return set;
}

void remote_set_free(RemoteSet *set) {
  if (!set) return;
  if (set->spill >= 0) close(set->spill); /* nothing of worth is in it any more */
  pthread_mutex_destroy(&set->lock);
  pthread_cond_destroy(&set->changed);
  dc_free(set);
}

RemoteWriter *remote_writer_new(RemoteSet *set, Str url, const char *content_type) {
  RemoteWriter *writer = dc_alloc(sizeof *writer);
  *writer = (RemoteWriter){.set = set, .url = path_copy(url), .content_type = content_type};
  return writer;
}

/* ---- memory ---- */

static void release(RemoteSet *set, Slab *slab) {
  if (!slab) return;
  pthread_mutex_lock(&set->lock);
  set->buffered -= slab->size;
  pthread_cond_broadcast(&set->changed);
  pthread_mutex_unlock(&set->lock);
  slab_unref(slab);
}

/* A buffer, if there is room for one or it must be; else *out is NULL. Waits for parts on their way first. */
static DcCode take_buffer(RemoteSet *set, uint64_t size, bool must, Slab **out, DcError *err) {
  *out = NULL;
  pthread_mutex_lock(&set->lock);
  while (set->buffered + size > set->room && set->on_way && set->failed.code == DC_OK) pthread_cond_wait(&set->changed, &set->lock);
  bool fits = must || set->buffered + size <= set->room;
  if (set->failed.code != DC_OK) *err = set->failed;
  else if (fits) set->buffered += size; /* taken before the lock is given back: others ask, too */
  pthread_mutex_unlock(&set->lock);
  if (err->code != DC_OK || !fits) return err->code;
  DcCode code = slab_new(remote_budget(), (size_t)size, "bytes on their way to a store", out, err);
  pthread_mutex_lock(&set->lock);
  set->buffered += code == DC_OK ? (*out)->size : 0; /* rounded */
  set->buffered -= size;
  pthread_mutex_unlock(&set->lock);
  return code;
}

void remote_writer_free(RemoteWriter *writer) {
  if (!writer) return;
  release(writer->set, writer->slab);
  if (writer->upload) remote_module(writer->set->remote)->upload_free(writer->upload);
  dc_free(writer->pieces);
  dc_free(writer->url);
  dc_free(writer);
}

/* ---- the temporary file ---- */

static DcCode open_spill(RemoteSet *set, DcError *err) {
  if (set->spill >= 0) return DC_OK;
  set->spill = fault_due() ? (errno = ENOSPC, -1) : open(set->temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (set->spill < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) { /* file systems without unnamed files */
    char *path = path_join(set->temp_dir, str_of("dcetl-XXXXXX"));
    set->spill = mkostemp(path, O_CLOEXEC);
    if (set->spill >= 0) unlink(path);
    dc_free(path);
  }
  if (set->spill >= 0) return DC_OK;
  dc_fail_errno(err, errno, "cannot make a temporary file in \"%s\"", set->temp_dir);
  dc_hint(err, "--temp-dir names another folder");
  return err->code;
}

static DcCode spill(RemoteWriter *writer, const void *data, uint64_t size, DcError *err) {
  RemoteSet *set = writer->set;
  if (!size) return DC_OK;
  pthread_mutex_lock(&set->lock);
  DcCode code = open_spill(set, err);
  Piece piece = {set->spill_end, size};
  set->spill_end += size;
  pthread_mutex_unlock(&set->lock);
  for (uint64_t done = 0; done < size && code == DC_OK;) {
    ssize_t n = fault_due() ? (errno = ENOSPC, -1) : pwrite(set->spill, (const char *)data + done, (size_t)(size - done), (off_t)(piece.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) code = dc_fail_errno(err, errno, "cannot write a temporary file in \"%s\"", set->temp_dir);
    else done += (uint64_t)n;
  }
  VEC_GROW(writer->pieces, writer->piece_count, writer->piece_cap);
  writer->pieces[writer->piece_count++] = piece;
  writer->spilled += size;
  return code;
}

/* Copies what lies in the temporary file to the front of a buffer that has room for it, and gives back its room there. */
static DcCode fetch_pieces(RemoteWriter *writer, char *to, DcError *err) {
  RemoteSet *set = writer->set;
  for (size_t i = 0; i < writer->piece_count; i++) {
    const Piece *piece = &writer->pieces[i];
    for (uint64_t done = 0; done < piece->size;) {
      ssize_t n = fault_due() ? (errno = EIO, -1) : pread(set->spill, to + done, (size_t)(piece->size - done), (off_t)(piece->offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n == 0) errno = EIO;
      if (n <= 0) return dc_fail_errno(err, errno, "cannot read a temporary file in \"%s\"", set->temp_dir);
      done += (uint64_t)n;
    }
    to += piece->size;
    /* Only saves room: a file system that cannot do it keeps the bytes until the end. */
    (void)fallocate(set->spill, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)piece->offset, (off_t)piece->size);
  }
  writer->piece_count = 0;
  writer->spilled = 0;
  return DC_OK;
}

/* All bytes that the writer has collected in one buffer, which the caller owns; *out NULL: there are none. */
static DcCode collect(RemoteWriter *writer, Slab **out, uint64_t *size, DcError *err) {
  *out = writer->slab;
  *size = writer->len + writer->spilled;
  if (writer->spilled) {
    DC_TRY(take_buffer(writer->set, *size, true, out, err));
    uint64_t before = writer->spilled;
    if (fetch_pieces(writer, (*out)->data, err) != DC_OK) {
      release(writer->set, *out);
      return err->code;
    }
    if (writer->len) memcpy((*out)->data + before, writer->slab->data, writer->len);
    release(writer->set, writer->slab);
  }
  writer->slab = NULL;
  writer->len = 0;
  return DC_OK;
}

/* ---- parts ---- */

typedef struct Part {
  RemoteWriter *writer;
  Slab *slab;
  uint64_t size;
  uint32_t number;
} Part;

static void note_failure(RemoteSet *set, const DcError *err) {
  pthread_mutex_lock(&set->lock);
  if (set->failed.code == DC_OK) set->failed = *err;
  pthread_cond_broadcast(&set->changed);
  pthread_mutex_unlock(&set->lock);
}

static void send_part(void *self) {
  Part *part = self;
  RemoteWriter *writer = part->writer;
  RemoteSet *set = writer->set;
  RemoteError error = {0};
  DcError err = {0};
  remote_give_up(&set->stopping);
  int status = fault_due() ? -1 : remote_module(set->remote)->upload_part(writer->upload, part->number, part->slab->data, part->size, &error);
  if (status != 0) {
    remote_failed("write", str_of(writer->url), &error, &err);
    note_failure(set, &err);
  }
  release(set, part->slab);
  dc_free(part);
  pthread_mutex_lock(&set->lock);
  set->on_way--;
  writer->on_way--;
  pthread_cond_broadcast(&set->changed);
  pthread_mutex_unlock(&set->lock);
}

static DcCode begin_upload(RemoteWriter *writer, DcError *err) {
  RemoteSet *set = writer->set;
  RemoteError error = {0};
  if (writer->upload) return DC_OK;
  remote_give_up(&set->stopping);
  int status = fault_due() ? -1 : remote_module(set->remote)->upload_begin(remote_store(set->remote), writer->url, writer->content_type, &writer->upload, &error);
  remote_give_up(NULL);
  return status == 0 ? DC_OK : remote_failed("write", str_of(writer->url), &error, err);
}

/* Sends what was collected as the next part. */
static DcCode end_part(RemoteWriter *writer, DcError *err) {
  RemoteSet *set = writer->set;
  if (set->limits.parts && writer->parts >= set->limits.parts) {
    dc_fail(err, "cannot write %s: it has more than %u parts", writer->url, set->limits.parts);
    dc_hint(err, "write smaller files: more partitions, or without @single");
    return err->code;
  }
  DC_TRY(begin_upload(writer, err));
  Part *part = dc_alloc(sizeof *part);
  *part = (Part){.writer = writer, .number = ++writer->parts};
  if (collect(writer, &part->slab, &part->size, err) != DC_OK) {
    dc_free(part);
    return err->code;
  }
  pthread_mutex_lock(&set->lock);
  while ((set->on_way >= AT_ONCE || (set->limits.in_order && writer->on_way)) && set->failed.code == DC_OK) pthread_cond_wait(&set->changed, &set->lock);
  if (set->failed.code != DC_OK) *err = set->failed;
  else set->on_way++, writer->on_way++;
  pthread_mutex_unlock(&set->lock);
  if (err->code == DC_OK) {
    remote_background(send_part, part);
    return DC_OK;
  }
  release(set, part->slab);
  dc_free(part);
  return err->code;
}

/* Parts grow, so that a store's most parts are enough for its largest object. */
static uint64_t part_size(const RemoteWriter *writer) {
  const RemoteSet *set = writer->set;
  uint32_t doublings = writer->parts / PARTS_OF_A_SIZE;
  uint64_t size = set->part << (doublings < 16 ? doublings : 16);
  return set->limits.part_max && size > set->limits.part_max ? set->limits.part_max : size;
}

/* A buffer for `more` bytes behind those that are there; without room they all go to the temporary file, and slab is NULL. */
static DcCode make_room(RemoteWriter *writer, uint64_t more, uint64_t most, DcError *err) {
  uint64_t wanted = writer->len + more, size = writer->slab ? writer->slab->size * GROWTH : LEAST_BUFFER;
  if (writer->slab && wanted <= writer->slab->size) return DC_OK;
  if (writer->spilled && !writer->slab) size = 0; /* memory is short: as little as is needed */
  if (size < wanted) size = wanted;
  if (size > most) size = most;
  Slab *slab;
  DC_TRY(take_buffer(writer->set, size, false, &slab, err));
  if (slab && writer->len) memcpy(slab->data, writer->slab->data, writer->len);
  if (!slab) DC_TRY(spill(writer, writer->slab ? writer->slab->data : NULL, writer->len, err));
  if (!slab) writer->len = 0;
  release(writer->set, writer->slab);
  writer->slab = slab;
  return DC_OK;
}

DcCode remote_writer_write(RemoteWriter *writer, const void *data, size_t len, DcError *err) {
  const char *from = data;
  while (len) {
    uint64_t whole = part_size(writer), have = writer->len + writer->spilled;
    size_t step = len < whole - have ? len : (size_t)(whole - have);
    DC_TRY(make_room(writer, step, whole - writer->spilled, err));
    if (writer->slab) memcpy(writer->slab->data + writer->len, from, step);
    else DC_TRY(spill(writer, from, step, err));
    if (writer->slab) writer->len += step;
    from += step;
    len -= step;
    if (have + step == whole) DC_TRY(end_part(writer, err));
  }
  return DC_OK;
}

/* ---- all of them ---- */

/* One call for each of many objects, several at once. */
typedef struct Round {
  RemoteSet *set;
  DcCode (*call)(struct Round *round, size_t number, DcError *err);
  RemoteWriter *const *writers;
  const Str *urls;
  bool *made;
  size_t count;
  bool all; /* go on behind a failure */
  bool insist;
  pthread_mutex_t lock;
  pthread_cond_t done;
  size_t next, running;
  DcError err;
} Round;

static void run_round(void *self) {
  Round *round = self;
  remote_give_up(round->insist ? NULL : &round->set->stopping);
  remote_insist(round->insist);
  pthread_mutex_lock(&round->lock);
  while (round->next < round->count && (round->all || round->err.code == DC_OK)) {
    size_t number = round->next++;
    DcError err = {0};
    pthread_mutex_unlock(&round->lock);
    (void)!round->call(round, number, &err);
    pthread_mutex_lock(&round->lock);
    if (round->err.code == DC_OK) round->err = err;
  }
  remote_insist(false);
  round->running--;
  pthread_cond_signal(&round->done);
  pthread_mutex_unlock(&round->lock);
}

static DcCode run_all(Round *round, DcError *err) {
  if (!round->count) return DC_OK;
  pthread_mutex_init(&round->lock, NULL);
  pthread_cond_init(&round->done, NULL);
  round->running = round->count < AT_ONCE ? round->count : AT_ONCE;
  for (size_t i = round->running; i > 0; i--) remote_background(run_round, round);
  pthread_mutex_lock(&round->lock);
  while (round->running) pthread_cond_wait(&round->done, &round->lock);
  pthread_mutex_unlock(&round->lock);
  pthread_mutex_destroy(&round->lock);
  pthread_cond_destroy(&round->done);
  if (round->err.code != DC_OK && err->code == DC_OK) *err = round->err;
  return err->code;
}

DcCode remote_set_finish(RemoteSet *set, RemoteWriter *const *writers, size_t count, DcError *err) {
  for (size_t i = 0; i < count; i++)
    if (writers[i]->upload && writers[i]->len + writers[i]->spilled) DC_TRY(end_part(writers[i], err));
  pthread_mutex_lock(&set->lock);
  while (set->on_way) pthread_cond_wait(&set->changed, &set->lock);
  if (set->failed.code != DC_OK) *err = set->failed;
  pthread_mutex_unlock(&set->lock);
  return err->code;
}

static DcCode complete(Round *round, size_t number, DcError *err) {
  RemoteWriter *writer = round->writers[number];
  RemoteError error = {0};
  if (!writer->upload) return DC_OK;
  int status = fault_due() ? -1 : remote_module(round->set->remote)->upload_complete(writer->upload, &error);
  if (status != 0) return remote_failed("write", str_of(writer->url), &error, err);
  remote_module(round->set->remote)->upload_free(writer->upload);
  writer->upload = NULL;
  round->made[number] = true;
  return DC_OK;
}

static DcCode put(Round *round, size_t number, DcError *err) {
  RemoteWriter *writer = round->writers[number];
  RemoteError error = {0};
  Slab *slab;
  uint64_t size;
  if (round->made[number]) return DC_OK;
  DC_TRY(collect(writer, &slab, &size, err));
  const RemoteModule *module = remote_module(round->set->remote);
  int status = fault_due() ? -1 : module->put(remote_store(round->set->remote), writer->url, writer->content_type, slab ? slab->data : "", size, &error);
  release(round->set, slab);
  if (status != 0) return remote_failed("write", str_of(writer->url), &error, err);
  round->made[number] = true;
  return DC_OK;
}

DcCode remote_set_publish(RemoteSet *set, RemoteWriter *const *writers, size_t count, bool *made, DcError *err) {
  Round uploads = {.set = set, .call = complete, .writers = writers, .made = made, .count = count};
  Round small = {.set = set, .call = put, .writers = writers, .made = made, .count = count};
  DC_TRY(run_all(&uploads, err));
  return run_all(&small, err);
}

static DcCode remove_one(Round *round, size_t number, DcError *err) {
  RemoteError error = {0};
  char *url = path_copy(round->urls[number]);
  int status = fault_due() ? -1 : remote_module(round->set->remote)->remove(remote_store(round->set->remote), url, &error);
  dc_free(url);
  return status == 0 ? DC_OK : remote_failed("remove", round->urls[number], &error, err);
}

DcCode remote_set_remove(RemoteSet *set, const Str *urls, size_t count, DcError *err) {
  Round round = {.set = set, .call = remove_one, .urls = urls, .count = count, .all = true, .insist = true};
  DcError own = {0};
  (void)!run_all(&round, &own);
  if (own.code != DC_OK && err->code == DC_OK) *err = own;
  return own.code;
}

static DcCode drop_upload(Round *round, size_t number, DcError *err) {
  RemoteWriter *writer = round->writers[number];
  (void)err;
  if (writer->upload) remote_module(round->set->remote)->upload_free(writer->upload);
  writer->upload = NULL;
  return DC_OK;
}

void remote_set_abort(RemoteSet *set, RemoteWriter *const *writers, size_t count) {
  size_t uploads = 0;
  DcError ignored = {0};
  atomic_store(&set->stopping, true);
  pthread_mutex_lock(&set->lock);
  if (set->failed.code == DC_OK) dc_fail(&set->failed, "the run was stopped");
  while (set->on_way) pthread_cond_wait(&set->changed, &set->lock);
  pthread_mutex_unlock(&set->lock);
  for (size_t i = 0; i < count; i++) uploads += writers[i]->upload != NULL;
  Round round = {.set = set, .call = drop_upload, .writers = writers, .count = uploads ? count : 0, .all = true, .insist = true};
  (void)!run_all(&round, &ignored);
}
